import type { Message, NodeId, Ready } from "../../raft/index.js";
import { mergeAppends } from "./merge-appends.js";

/** The messages of one `Ready`, by when they may leave. */
export interface Outbox {
  /** They promise nothing that is still to be stored. */
  readonly now: Message[];
  /** They leave when the `Ready` is stored. */
  readonly stored: Message[];
  /** They go with the database as it stands. */
  readonly snapshots: Message[];
}

/**
 * Sorts out what leaves when. A leader's messages leave while its own disk writes: its followers write meanwhile, and
 * its own entries count toward a quorum only once they are stored.
 *
 * @param storedTerm the term that is on this disk
 * @param isRemoved whoever is told nothing any more
 */
export function sortMessages(
  ready: Ready,
  leading: boolean,
  storedTerm: number,
  isRemoved: (id: NodeId) => boolean,
): Outbox {
  const outbox: Outbox = { now: [], stored: [], snapshots: [] };
  if (ready.messages.length === 0) return outbox;
  const storesNothing = !ready.mustSync && ready.entries.length === 0 && ready.snapshot === undefined;
  for (const message of withoutOutdone(mergeAppends(ready.messages))) {
    if (isRemoved(message.to)) continue;
    if (message.type === "MsgSnap") outbox.snapshots.push(message);
    else if (storesNothing || isRequest(message)) outbox.now.push(message);
    // A term that nobody else has voted on might be begun again after a crash, with other entries.
    else if (message.term > storedTerm) outbox.stored.push(message);
    else if (leading ? !isPromise(message) : isSignOfLife(message)) outbox.now.push(message);
    else outbox.stored.push(message);
  }
  return outbox;
}

/**
 * One acceptance for each leader: a batch of small appends is full of them, and the highest says all. It need not be
 * the last: an append that was sent twice, or one that lies before the commit index, is answered with a lower index.
 */
function withoutOutdone(messages: readonly Message[]): readonly Message[] {
  const answered = new Map<NodeId, Message>();
  for (const message of messages) {
    if (isAcceptance(message) && !outdoes(answered.get(message.to), message)) answered.set(message.to, message);
  }
  if (answered.size === 0) return messages;
  return messages.filter((message) => !isAcceptance(message) || answered.get(message.to) === message);
}

/** A leader passes over answers of an older term, so these say nothing, whatever their index. */
function outdoes(kept: Message | undefined, { term, index }: Message): boolean {
  if (kept === undefined) return false;
  return kept.term === term ? kept.index >= index : kept.term > term;
}

function isAcceptance({ type, reject }: Message): boolean {
  return type === "MsgAppResp" && !reject;
}

function isPromise({ type }: Message): boolean {
  return type === "MsgAppResp" || type === "MsgVoteResp" || type === "MsgPreVoteResp";
}

/** The leader need not wait for a disk to know that it still leads. */
function isSignOfLife({ type }: Message): boolean {
  return type === "MsgHeartbeatResp";
}

/** Forwarded to the leader as they came: they say nothing of this member. */
function isRequest({ type }: Message): boolean {
  return type === "MsgProp" || type === "MsgReadIndex";
}
