import type { Raft } from "./raft.js";
import { broadcastHeartbeat } from "./replication.js";
import { type Message, noNode } from "./types.js";

/**
 * Handles a read at the leader, which is answered once it is certain that no other leader has committed more (paper,
 * section 8).
 */
export function requestRead(raft: Raft, message: Message): void {
  // A read without an identifying entry could never be answered.
  if (message.entries.length === 0) return;
  // A single voter must wait, too: after a restart its commit index may be lower than what it has acknowledged.
  if (!raft.committedInCurrentTerm()) raft.pendingReads.push(message);
  else confirmLeadership(raft, message);
}

/** The first entry of this term is committed, so the commit index is known: continues the reads that waited for it. */
export function releasePendingReads(raft: Raft): void {
  if (raft.pendingReads.length === 0) return;
  if (!raft.committedInCurrentTerm()) {
    raft.logger.error(() => "pending MsgReadIndex should be released only after first commit in current term");
    return;
  }
  const reads = raft.pendingReads;
  raft.pendingReads = [];
  for (const read of reads) confirmLeadership(raft, read);
}

function confirmLeadership(raft: Raft, message: Message): void {
  // No other leader can be elected without the only voter, so nobody needs to be asked.
  if (raft.config.readOnly === "lease-based" || raft.tracker.isSingleton) {
    answerRead(raft, message, raft.log.committed);
    return;
  }
  raft.readOnly.add(message, raft.log.committed);
  raft.readOnly.acknowledge(raft.id, raft.readOnly.heartbeatContext());
  broadcastHeartbeat(raft);
}

/** A member still follows this leader: answers the reads that a quorum has confirmed now. */
export function confirmReads(raft: Raft, message: Message): void {
  if (raft.config.readOnly === "lease-based" || message.context.length === 0) return;
  raft.readOnly.acknowledge(message.from, message.context);
  for (const read of raft.readOnly.advance(raft.tracker.config.voters)) answerRead(raft, read.request, read.index);
}

function answerRead(raft: Raft, request: Message, index: number): void {
  const { from, entries } = request;
  const [first] = entries;
  if (from !== noNode && from !== raft.id) raft.send("MsgReadIndexResp", from, { index, entries });
  else if (first !== undefined) raft.readStates.push({ index, context: first.data });
}
