import { entriesSize, payloadSize } from "./entry-size.js";
import { createMessage } from "./message.js";
import { propose } from "./proposal.js";
import type { Raft } from "./raft.js";
import { describeConfig } from "./tracker.js";
import { type Entry, type Message, noNode, type Snapshot } from "./types.js";

/** The storage has stored entries and perhaps a snapshot. */
export function storageAppended(raft: Raft, message: Message): void {
  if (message.index !== 0) raft.log.unstable.stableTo(message.index, message.logTerm);
  if (message.snapshot !== undefined) storedSnapshot(raft, message.snapshot);
}

/** The application has applied committed entries. */
export function storageApplied(raft: Raft, message: Message): void {
  const { entries } = message;
  const last = entries.at(-1);
  if (last !== undefined) applicationApplied(raft, last.index, entries);
}

/** A snapshot has been stored. It counts as applied, unless the application reports that itself. */
export function storedSnapshot(raft: Raft, snapshot: Snapshot): void {
  const { index } = snapshot.metadata;
  raft.log.unstable.stableSnapshotTo(index);
  if (!raft.config.reportsApplied) appliedTo(raft, index, 0);
}

/**
 * The application has applied the log up to `index`: `entries` that it was given, and perhaps the state of a snapshot.
 */
export function applicationApplied(raft: Raft, index: number, entries: readonly Entry[]): void {
  appliedTo(raft, index, entriesSize(entries));
  raft.uncommittedSize = Math.max(0, raft.uncommittedSize - payloadSize(entries));
}

function appliedTo(raft: Raft, index: number, bytes: number): void {
  const { log, tracker } = raft;
  log.appliedTo(Math.max(index, log.applied), bytes);
  if (!tracker.config.autoLeave || log.applied < raft.pendingConfIndex || raft.state !== "StateLeader") return;
  // The joint configuration is applied, and the leader has to end it. Empty data decodes as the change that does so,
  // and is never too large. The proposal is dropped during a leadership transfer; the next applied entry then proposes
  // it again.
  const entry = { term: 0, index: 0, type: "EntryConfChangeV2", data: new Uint8Array(0) } as const;
  const result = propose(raft, createMessage("MsgProp", noNode, noNode, 0, { entries: [entry] }));
  const transition = `automatic transition out of joint configuration ${describeConfig(tracker.config)}`;
  if (result === "taken") raft.logger.info(() => `initiating ${transition}`);
  else raft.logger.debug(() => `not initiating ${transition}: raft proposal dropped`);
}
