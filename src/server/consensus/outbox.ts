import type { Message, NodeId, Ready } from "../../raft/index.js";
import { mergeAppends } from "./merge-appends.js";

/** The messages of a `Ready`, grouped by the time at which they may be sent. */
export interface Outbox {
  /** Messages that depend on nothing that still has to be stored. They are sent at once. */
  readonly now: Message[];
  /** Messages that are sent after the `Ready` has been stored. */
  readonly stored: Message[];
  /** Messages with a snapshot. They are sent together with the current database. */
  readonly snapshots: Message[];
}

/**
 * Decides which messages may be sent before the disk sync. A leader's messages are sent while its own disk writes: the
 * followers write at the same time, and the leader's entries count towards a quorum only when they are stored.
 *
 * @param storedTerm the term that is on the local disk
 * @param isRemoved whether a member has been removed, so that it is sent nothing
 */
export function sortMessages(
  ready: Pick<Ready, "messages" | "mustSync" | "entries" | "snapshot">,
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
    // If this term were sent before it is stored, a crash could make this member begin the same term again with other
    // entries.
    else if (message.term > storedTerm) outbox.stored.push(message);
    else if (leading ? !isPromise(message) : isSignOfLife(message)) outbox.now.push(message);
    else outbox.stored.push(message);
  }
  return outbox;
}

/**
 * Keeps one acceptance for each leader, the one with the highest index, since it covers the others of a batch. It need
 * not be the last: a repeated append, or one before the commit index, is answered with a lower index.
 */
function withoutOutdone(messages: readonly Message[]): readonly Message[] {
  const answered = new Map<NodeId, Message>();
  for (const message of messages) {
    if (isAcceptance(message) && !outdoes(answered.get(message.to), message)) answered.set(message.to, message);
  }
  if (answered.size === 0) return messages;
  return messages.filter((message) => !isAcceptance(message) || answered.get(message.to) === message);
}

/** Whether an acceptance replaces the kept one. A leader ignores acceptances of older terms, whatever their index. */
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

/** Whether a message only confirms that its sender is alive, which does not depend on the disk. */
function isSignOfLife({ type }: Message): boolean {
  return type === "MsgHeartbeatResp";
}

/** Whether a message is a client's request that is forwarded to the leader. It does not depend on the local state. */
function isRequest({ type }: Message): boolean {
  return type === "MsgProp" || type === "MsgReadIndex";
}

/** Whether some of the committed entries are not on the local disk yet. */
export function overlaps({ committedEntries, entries }: Ready): boolean {
  const last = committedEntries.at(-1);
  const first = entries[0];
  return last !== undefined && first !== undefined && last.index >= first.index;
}
