import type { IncomingHttpHeaders } from "node:http";
import type { MemberId } from "../base/index.js";
import { compareVersions, idText } from "../cluster/index.js";
import type { PeerTakes, SnapshotPart, TransportConfig } from "./config.js";
import type { Headers } from "./dialer.js";
import { peerAddress } from "./peer-address.js";

export const clusterIdHeader = "X-Etcd-Cluster-ID";
export const serverVersionHeader = "X-Server-Version";
export const raftToHeader = "X-Raft-To";
/**
 * Headers of snapshots between members of this program: what the sender of a request takes, and how a database arrives.
 * A member that does not know them neither sends nor reads them.
 */
const takesHeader = "X-Snapshot-Takes";
/** Tables of format 2. Members that sent `tables` cannot open them, and get files. */
export const takesTables = "tables-2";
/**
 * Tables may come with a checkpoint of the index. This has a header of its own, since earlier members compare the one
 * above as a whole, and refuse tables with files that they do not know.
 */
const takesIndexHeader = "X-Snapshot-Takes-Index";
const takesIndex = "index-1";
export const formHeader = "X-Snapshot-Form";
export const transferHeader = "X-Snapshot-Transfer";
export const fromHeader = "X-Snapshot-From";

/** Texts of refusals; the other side compares them, so they must not change. */
export const incompatibleVersion = "incompatible version";
export const clusterIdMismatch = "cluster ID mismatch";

/** Headers with which a member describes itself in every request to a peer. */
export function ownHeaders(config: TransportConfig): Headers {
  return {
    "X-Server-From": idText(config.memberId),
    [serverVersionHeader]: config.serverVersion,
    "X-Min-Cluster-Version": config.minClusterVersion,
    [clusterIdHeader]: idText(config.clusterId),
    "X-PeerURLs": config.peerUrls.join(","),
    ...(config.parts && { [takesHeader]: takesTables, [takesIndexHeader]: takesIndex }),
  };
}

/** Why this member refuses all requests with these headers; undefined when it accepts them. */
export function refusalOf(headers: IncomingHttpHeaders, config: TransportConfig): string | undefined {
  const server = header(headers, serverVersionHeader) ?? ancientVersion;
  const minCluster = header(headers, "X-Min-Cluster-Version") ?? ancientVersion;
  const clusterId = header(headers, clusterIdHeader);
  const fields = {
    "local-member-id": idText(config.memberId),
    "local-member-cluster-id": idText(config.clusterId),
    "local-member-server-version": config.serverVersion,
    "local-member-server-minimum-cluster-version": config.minClusterVersion,
    "remote-peer-server-name": header(headers, "X-Server-From"),
    "remote-peer-server-version": server,
    "remote-peer-server-minimum-cluster-version": minCluster,
    "remote-peer-cluster-id": clusterId,
  };
  if (isOlder(server, config.minClusterVersion) || isOlder(config.serverVersion, minCluster)) {
    config.logger.warn("failed to check version compatibility", fields);
    return incompatibleVersion;
  }
  if (clusterId === idText(config.clusterId)) return undefined;
  config.logger.warn("request cluster ID mismatch", fields);
  return clusterIdMismatch;
}

/** Id and peer URLs of a request's sender; undefined when the headers do not name both. */
export function senderOf(headers: IncomingHttpHeaders): { id: MemberId; urls: readonly string[] } | undefined {
  const id = parseId(header(headers, "X-Server-From") ?? "");
  const urls = peerUrlsOf(headers);
  return id === undefined || urls.length === 0 ? undefined : { id, urls };
}

/** The sender of a request, and what it says that it takes. */
export function abilityOf(headers: IncomingHttpHeaders): { id: MemberId; takes: PeerTakes } | undefined {
  const id = parseId(header(headers, "X-Server-From") ?? "");
  return id === undefined ? undefined : { id, takes: takesOf(headers) };
}

function takesOf(headers: IncomingHttpHeaders): PeerTakes {
  if (header(headers, takesHeader) !== takesTables) return "file";
  return header(headers, takesIndexHeader) === takesIndex ? "indexed tables" : "tables";
}

/** How the database of a snapshot request arrives; undefined for headers that make no sense. */
export function partOf(headers: IncomingHttpHeaders): Omit<SnapshotPart, "progress"> | undefined {
  const form = header(headers, formHeader) ?? "file";
  const transfer = header(headers, transferHeader);
  const from = header(headers, fromHeader) ?? "0";
  if (form !== "file" && form !== "tables") return undefined;
  if (transfer !== undefined && !isTransfer(transfer)) return undefined;
  if (!/^\d{1,15}$/.test(from) || (transfer === undefined && from !== "0")) return undefined;
  return { form, transfer, from: Number(from) };
}

/** Transfers are named by the sender and become file names, so that no other characters are allowed. */
export function isTransfer(text: string): boolean {
  return /^[0-9a-f]{16}$/.test(text);
}

/**
 * Peer URLs that a sender claims for itself. Socket files are left out: anybody can send this header, and must not
 * choose which local sockets this member writes to. The URLs of members behind socket files are known from the log.
 */
export function peerUrlsOf(headers: IncomingHttpHeaders): readonly string[] {
  const urls = header(headers, "X-PeerURLs") ?? "";
  return urls.split(",").filter((url) => url !== "" && peerAddress(url)?.kind !== "socket");
}

/** Parses an id in hex; undefined when it is malformed or 0, which no member has. */
export function parseId(text: string): MemberId | undefined {
  const id = /^[0-9a-f]{1,16}$/i.test(text) ? BigInt(`0x${text}`) : 0n;
  return id === 0n ? undefined : (id as MemberId);
}

export function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name.toLowerCase()];
  return Array.isArray(value) ? value[0] : value;
}

/** Version of a member that sends none: members older than this one did not send their version. */
const ancientVersion = "2.0.0";

function isOlder(version: string, than: string): boolean {
  try {
    return compareVersions(version, than) < 0;
  } catch {
    // The text is not a version.
    return true;
  }
}
