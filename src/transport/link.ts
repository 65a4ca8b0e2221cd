import type { MemberId } from "../base/index.js";
import { idText } from "../cluster/index.js";
import type { PeerTakes, TransportConfig } from "./config.js";
import type { PeerCounters } from "./counters.js";
import type { Dialer } from "./dialer.js";
import { clusterIdMismatch, incompatibleVersion } from "./peer-headers.js";
import type { PeerStatus } from "./peer-status.js";
import type { PeerUrls } from "./peer-urls.js";

/** State that all connections to one peer share. */
export interface Link {
  readonly id: MemberId;
  readonly config: TransportConfig;
  readonly dialer: Dialer;
  readonly urls: PeerUrls;
  readonly status: PeerStatus;
  readonly counters: PeerCounters;
  /** Forms of snapshots that the peer takes, as it said in its last request. */
  takes: PeerTakes;
}

/** The most bytes that are read of a refusal; a longer body would not say more. */
export const refusalBytesMax = 64 * 1024;

/** A peer said that this member was removed from the cluster. */
export class RemovedError extends Error {
  override readonly name = "RemovedError";

  constructor() {
    super("the member has been permanently removed from the cluster");
  }
}

/** The reason why a peer answered with status 412. */
export function mismatchOf(text: string): Error {
  const reason = text.trimEnd();
  if (reason === incompatibleVersion || reason === clusterIdMismatch) return new Error(reason);
  return new Error(`the peer answered with status 412 for an unknown reason: ${JSON.stringify(reason)}`);
}

/** Log fields that name the two members a line is about. */
export function peerFields({ id, config }: Link): Readonly<Record<"local-member-id" | "remote-peer-id", string>> {
  return { "local-member-id": idText(config.memberId), "remote-peer-id": idText(id) };
}

/** Names of the two streams in etcd's log. */
export const streamNames = { msgapp: "stream MsgApp v2", message: "stream Message" } as const;
