import { assert } from "../base/index.js";
import { payloadSize } from "./entry-size.js";
import { StorageError } from "./errors.js";
import type { Progress } from "./progress.js";
import { hex } from "./quorum.js";
import type { Raft } from "./raft.js";
import type { Entry, NodeId, Snapshot } from "./types.js";

/** Appends to the leader's log; returns false when that would exceed the limit of uncommitted bytes. */
export function appendEntries(raft: Raft, proposals: readonly Pick<Entry, "type" | "data">[]): boolean {
  const { log, term } = raft;
  let index = log.lastIndex;
  const entries = proposals.map(({ type, data }): Entry => ({ term, index: ++index, type, data }));
  const size = payloadSize(entries);
  const sizeMax = raft.config.maxUncommittedEntriesSize ?? Number.POSITIVE_INFINITY;
  // When nothing else is uncommitted, any size is accepted; an empty entry always is.
  if (raft.uncommittedSize > 0 && size > 0 && raft.uncommittedSize + size > sizeMax) {
    raft.logger.warn(() => {
      const limit = "uncommitted entry size limit";
      return `${raft.name} appending new entries to log would exceed ${limit}; dropping proposal`;
    });
    return false;
  }
  raft.uncommittedSize += size;
  log.append(entries);
  // The leader's own log counts towards the commit once it is stored: this acknowledgement is delivered after that.
  raft.send("MsgAppResp", raft.id, { index });
  return true;
}

/** Advances the commit index to the last entry that a quorum holds, if that is an entry of this term (paper, 5.4.2). */
export function advanceCommit(raft: Raft): boolean {
  const { log, tracker } = raft;
  const index = tracker.committed();
  if (index <= log.committed || !log.matches({ term: raft.term, index })) return false;
  log.commitTo(index);
  return true;
}

export function broadcastAppend(raft: Raft): void {
  for (const id of raft.tracker.progress.keys()) if (id !== raft.id) maybeSendAppend(raft, id, true);
}

/** Tells all members that the leader is alive, the commit index, and the latest waiting read. */
export function broadcastHeartbeat(raft: Raft): void {
  const context = raft.readOnly.heartbeatContext();
  for (const [id, progress] of raft.tracker.progress) {
    if (id === raft.id) continue;
    // Send a commit index within the known match of the follower's log: beyond that its entries may differ.
    const commit = Math.min(progress.match, raft.log.committed);
    raft.send("MsgHeartbeat", id, { commit, context });
    progress.sentCommit(commit);
  }
}

/**
 * Sends a member the entries that it lacks, within its flow control, or a snapshot when they are compacted.
 *
 * @param evenEmpty sends an append even without entries, to convey the commit index or to probe
 * @returns whether a message was sent
 */
export function maybeSendAppend(raft: Raft, to: NodeId, evenEmpty: boolean): boolean {
  const { log, tracker } = raft;
  const progress = tracker.progress.get(to);
  assert(progress !== undefined, "appends go to members");
  if (progress.paused) return false;
  const index = progress.next - 1;
  const logTerm = log.termAt(index);
  if (logTerm === undefined) return maybeSendSnapshot(raft, to, progress);
  // When the window is full only an empty append is sent: its answer tells whether the messages in the window were
  // lost.
  const entries = progress.windowFull ? [] : log.entriesFrom(progress.next, raft.config.maxSizePerMessage);
  if (entries === "notInMemory") {
    awaitEntries(raft, progress);
    return false;
  }
  if ((entries === "compacted" || entries.length === 0) && !evenEmpty) return false;
  if (entries === "compacted") return maybeSendSnapshot(raft, to, progress);
  raft.send("MsgApp", to, { index, logTerm, entries, commit: log.committed });
  progress.sentEntries(entries.length, payloadSize(entries));
  progress.sentCommit(log.committed);
  return true;
}

/**
 * Asks the owner of the node to read the entries that this member lacks, unless it is reading for the member already.
 */
function awaitEntries(raft: Raft, progress: Progress): void {
  if (progress.awaitedEntry !== undefined) return;
  progress.awaitedEntry = progress.next;
  raft.reads.push(progress.next);
}

/** The owner of the node has read the log from `index` on: goes on with the members that waited for it. */
export function entriesRead(raft: Raft, index: number): void {
  raft.log.entriesRead(index);
  for (const [id, progress] of raft.tracker.progress) {
    if (progress.awaitedEntry !== index) continue;
    progress.awaitedEntry = undefined;
    if (raft.state === "StateLeader") while (maybeSendAppend(raft, id, false)) {}
  }
}

function maybeSendSnapshot(raft: Raft, to: NodeId, progress: Progress): boolean {
  const { log, logger, name } = raft;
  if (!progress.recentActive) {
    logger.debug(() => `ignore sending snapshot to ${hex(to)} since it is not recently active`);
    return false;
  }
  const snapshot = takeSnapshot(raft);
  if (snapshot === undefined) {
    const reason = "because snapshot is temporarily unavailable";
    logger.debug(() => `${name} failed to send snapshot to ${hex(to)} ${reason}`);
    return false;
  }
  const { index, term } = snapshot.metadata;
  assert(index > 0, "a snapshot to send is not empty");
  logger.debug(() => {
    const own = `${name} [firstindex: ${log.firstIndex}, commit: ${log.committed}]`;
    return `${own} sent snapshot[index: ${index}, term: ${term}] to ${hex(to)} [${progress}]`;
  });
  progress.becomeSnapshot(index);
  logger.debug(() => `${name} paused sending replication messages to ${hex(to)} [${progress}]`);
  raft.send("MsgSnap", to, { snapshot });
  return true;
}

function takeSnapshot(raft: Raft): Snapshot | undefined {
  try {
    return raft.log.snapshot;
  } catch (error) {
    if (error instanceof StorageError && error.kind === "snapshotTemporarilyUnavailable") return undefined;
    throw error;
  }
}
