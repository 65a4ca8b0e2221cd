import type { MemberId } from "../base/index.js";
import { idText } from "../cluster/index.js";
import type { TransportConfig } from "./config.js";
import type { PeerCounters } from "./counters.js";
import type { Dialer } from "./dialer.js";
import { clusterIdMismatch, incompatibleVersion } from "./peer-headers.js";
import type { PeerStatus } from "./peer-status.js";
import type { PeerUrls } from "./peer-urls.js";

/** What all connections to one peer share. */
export interface Link {
  readonly id: MemberId;
  readonly config: TransportConfig;
  readonly dialer: Dialer;
  readonly urls: PeerUrls;
  readonly status: PeerStatus;
  readonly counters: PeerCounters;
}

/** Reads a message's worth of refusals; a longer body says nothing more. */
export const refusalBytesMax = 64 * 1024;

/** This member is no member any more, says the peer. */
export class RemovedError extends Error {
  override readonly name = "RemovedError";

  constructor() {
    super("the member has been permanently removed from the cluster");
  }
}

/** Why a peer answered with status 412. */
export function mismatchOf(text: string): Error {
  const reason = text.trimEnd();
  if (reason === incompatibleVersion || reason === clusterIdMismatch) return new Error(reason);
  return new Error(`the peer found a precondition failed: ${JSON.stringify(reason)}`);
}

/** The fields that tell in the log which peer a line is about. */
export function peerFields({ id, config }: Link): Readonly<Record<"local-member-id" | "remote-peer-id", string>> {
  return { "local-member-id": idText(config.memberId), "remote-peer-id": idText(id) };
}

/** What etcd's log calls the two streams. */
export const streamNames = { msgapp: "stream MsgApp v2", message: "stream Message" } as const;
