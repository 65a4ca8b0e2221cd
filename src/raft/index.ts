/**
 * The Raft consensus core: elections, log replication, membership changes, linearizable reads. One `RawNode` is one
 * member. Its owner calls `tick`, passes messages to `step`, and carries out each `Ready`: store, send, apply. The core
 * knows no clock, disk, socket or promise, and no encoding: entries carry the application's data unchanged.
 *
 * A message passed to `step` may come from a faulty peer, but its `from` must be the real sender, and never a storage
 * thread.
 */
export {
  asConfChangeV2,
  type ConfChange,
  type ConfChangeCodec,
  type ConfChangeSingle,
  type ConfChangeTransition,
  type ConfChangeType,
  type ConfChangeV1,
  type ConfChangeV2,
} from "./conf-change.js";
export { confStateAfter, sameConfState } from "./conf-states.js";
export type { Config, ReadOnlyOption } from "./config.js";
export { entriesSize, entrySize } from "./entry-size.js";
export { RaftError, type RaftErrorKind, StorageError, type StorageErrorKind } from "./errors.js";
export { InvariantChecker } from "./invariants.js";
export { LogOutline } from "./log-outline.js";
export { type RaftLogger, silentRaftLogger } from "./logger.js";
export { MemoryStorage } from "./memory-storage.js";
export { createMessage, isLocalMessage, isLocalTarget, type MessageBody } from "./message.js";
export type { ProgressView } from "./progress.js";
export { type Peer, RawNode } from "./raw-node.js";
export type { BasicStatus, Status } from "./status.js";
export type { Storage } from "./storage.js";
export { TermStarts } from "./term-starts.js";
export {
  appendThread,
  applyThread,
  type ConfState,
  type Entry,
  type EntryType,
  emptyConfState,
  type HardState,
  isEmptyHardState,
  type Message,
  type MessageType,
  type NodeId,
  noNode,
  type ReadState,
  type Ready,
  type Snapshot,
  type SnapshotMetadata,
  type SoftState,
  type StateType,
} from "./types.js";
