/**
 * The key space of one member: every key at every revision that is not compacted, stored in the backend's bucket `key`
 * in etcd's format. `apply` makes the writes, one at a time and without waiting; reads are synchronous. This room knows
 * nothing of requests, of raft, or of the meaning of a lease: a lease id is a number that is stored with a value.
 *
 * `WatchableStore` is built on it and tells watchers every change once and in order; no write waits for a watcher.
 */
export type { Change } from "./change.js";
export type { ChangeList, ChangeListener } from "./change-list.js";
export type { CheckpointPace } from "./checkpoint/budget.js";
export { checkpointFile } from "./checkpoint/record.js";
export type { Child, ChildPage, ChildQuery, KeyInterval } from "./child-scan.js";
export { StoreCounters } from "./counters.js";
export { EventRun, eachEvent } from "./event-log.js";
export type { KvHash } from "./hash.js";
export type { History } from "./history.js";
export type { PinnedRange } from "./pinned-range.js";
export type { PinnedState } from "./pinned-state.js";
export type { RangeScan } from "./range-scan.js";
export type { KeyHead, RangeOptions, RangeResult, Reader, SteppedReader } from "./reader.js";
export { withinCreateBounds, withinModBounds } from "./revision-bounds.js";
export { type HashKvResult, openStore, type Store, type StoreOptions } from "./store.js";
export { hashStored } from "./stored-hash.js";
export type { WatchNotice, WatchSink, WatchStream } from "./watch-stream.js";
export { WatchableStore, type WatchableStoreOptions } from "./watchable-store.js";
export type { EventBatch, WatchOptions } from "./watcher.js";
export type { WriteTxn } from "./write-txn.js";
