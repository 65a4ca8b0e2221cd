import { type ApiLevel, isAtLeast } from "../../base/index.js";
import { type Bytes, bytesOf, bytesOfArray, humanSize, quote, type Rows, textOf } from "../../cli/index.js";
import type { KeyValue, Member } from "../../wire/index.js";
import type { EndpointHash, EndpointHealth, EndpointStatus, SnapshotStatus } from "./answer.js";

const cellCharacters = 60;

export function keyRows(kvs: readonly KeyValue[]): Rows {
  return {
    headings: ["KEY", "VALUE", "CREATED AT", "MODIFIED AT", "VERSION", "LEASE"],
    rows: kvs.map(({ key, value, createRevision, modRevision, version, lease }) => [
      cell(key),
      cell(bytesOfArray(value)),
      String(createRevision),
      String(modRevision),
      String(version),
      lease === 0n ? "" : BigInt.asUintN(64, lease).toString(16),
    ]),
    left: true,
  };
}

/** A cell of a table: the text itself if it is printable, otherwise quoted, and shortened when it is long. */
function cell(bytes: Bytes): Bytes {
  const quoted = quote(bytes);
  const text = textOf(quoted === `"${bytes}"` ? bytes : quoted);
  const characters = [...text];
  return bytesOf(characters.length <= cellCharacters ? text : `${characters.slice(0, cellCharacters - 1).join("")}…`);
}

export function memberRows(members: readonly Member[]): Rows {
  return {
    headings: ["ID", "STATUS", "NAME", "PEER ADDRS", "CLIENT ADDRS", "IS LEARNER"],
    rows: members.map(({ id, name, peerUrls, clientUrls, isLearner }) => [
      id.toString(16),
      name === "" ? "unstarted" : "started",
      bytesOf(name),
      bytesOf(peerUrls.join(",")),
      bytesOf(clientUrls.join(",")),
      String(isLearner),
    ]),
  };
}

export function healthRows(list: readonly EndpointHealth[]): Rows {
  return {
    headings: ["ENDPOINT", "HEALTH", "TOOK", "ERROR"],
    rows: list.map(({ endpoint, health, took, error }) => [endpoint, String(health), took, error]),
  };
}

export function statusRows(list: readonly EndpointStatus[], release: ApiLevel): Rows {
  return isAtLeast(release, "3.6") ? newStatusRows(list) : oldStatusRows(list);
}

function newStatusRows(list: readonly EndpointStatus[]): Rows {
  return {
    headings: [
      ...["ENDPOINT", "ID", "VERSION", "STORAGE VERSION", "DB SIZE", "IN USE", "PERCENTAGE NOT IN USE", "QUOTA"],
      ...["IS LEADER", "IS LEARNER", "RAFT TERM", "RAFT INDEX", "RAFT APPLIED INDEX", "ERRORS"],
      ...["DOWNGRADE TARGET VERSION", "DOWNGRADE ENABLED"],
    ],
    rows: list.map(({ endpoint, response }) => [
      endpoint,
      (response.header?.memberId ?? 0n).toString(16),
      bytesOf(response.version),
      bytesOf(response.storageVersion),
      humanSize(response.dbSize),
      humanSize(response.dbSizeInUse),
      `${100 - Math.floor((response.dbSizeInUse * 100) / Math.max(response.dbSize, 1))}%`,
      humanSize(response.dbSizeQuota),
      String(response.leader === response.header?.memberId),
      String(response.isLearner),
      String(response.raftTerm),
      String(response.raftIndex),
      String(response.raftAppliedIndex),
      bytesOf(response.errors.join(", ")),
      bytesOf(response.downgradeInfo?.targetVersion ?? ""),
      String(response.downgradeInfo?.enabled ?? false),
    ]),
  };
}

function oldStatusRows(list: readonly EndpointStatus[]): Rows {
  return {
    headings: [
      ...["ENDPOINT", "ID", "VERSION", "DB SIZE", "IS LEADER", "IS LEARNER"],
      ...["RAFT TERM", "RAFT INDEX", "RAFT APPLIED INDEX", "ERRORS"],
    ],
    rows: list.map(({ endpoint, response }) => [
      endpoint,
      (response.header?.memberId ?? 0n).toString(16),
      bytesOf(response.version),
      humanSize(response.dbSize),
      String(response.leader === response.header?.memberId),
      String(response.isLearner),
      String(response.raftTerm),
      String(response.raftIndex),
      String(response.raftAppliedIndex),
      bytesOf(response.errors.join(", ")),
    ]),
  };
}

export function hashRows(list: readonly EndpointHash[], release: ApiLevel): Rows {
  const shown = isAtLeast(release, "3.6");
  return {
    headings: ["ENDPOINT", "HASH", ...(shown ? ["HASH REVISION"] : [])],
    rows: list.map(({ endpoint, response: { hash, hashRevision } }) => [
      endpoint,
      String(hash),
      ...(shown ? [String(hashRevision)] : []),
    ]),
  };
}

export function snapshotRows({ hash, revision, totalKey, totalSize }: SnapshotStatus): Rows {
  return {
    headings: ["HASH", "REVISION", "TOTAL KEYS", "TOTAL SIZE"],
    rows: [[hash.toString(16), String(revision), String(totalKey), humanSize(totalSize)]],
  };
}
