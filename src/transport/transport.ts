import type { IncomingMessage, ServerResponse } from "node:http";
import type { MemberId } from "../base/index.js";
import type { Message } from "../raft/index.js";
import type { OutgoingSnapshot } from "./config.js";

/** What one member and its peers say to each other. */
export interface Transport {
  /** Answers `/raft` and what lies below it; false when the request is for somebody else. */
  handler(request: IncomingMessage, response: ServerResponse): boolean;
  /** Hands messages to the connections of their targets; never waits, never throws. Not for `MsgSnap`. */
  send(messages: readonly Message[]): void;
  /** Streams a snapshot to its target; `reportSnapshot` says how it ended. */
  sendSnapshot(snapshot: OutgoingSnapshot): void;
  addPeer(id: MemberId, urls: readonly string[]): void;
  /** Somebody this member hears of before the log says that it is a member: gets answers, and no streams. */
  addRemote(id: MemberId, urls: readonly string[]): void;
  updatePeer(id: MemberId, urls: readonly string[]): void;
  removePeer(id: MemberId): void;
  /** Since when the peer is reachable, on the clock's `now`; undefined while it is not. */
  activeSince(id: MemberId): number | undefined;
  activePeers(): number;
  stop(): Promise<void>;
}
