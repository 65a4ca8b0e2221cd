/**
 * Ten buckets of ordered bytes over one LevelDB directory: what every store of a member stands on. Stores read
 * synchronously and change things in memory; the backend writes batches of changes, each synced and whole, and tells
 * when a disk fails. It knows nothing of what the bytes mean, and never writes half of what was changed together.
 */
export type { Backend, BackendView, Readable, Row } from "./backend.js";
export { allBuckets, type Bucket } from "./buckets.js";
export { BackendCounters } from "./counters.js";
export { DiskError, damaged, openFailure, writeFailure } from "./disk-error.js";
export { type BackendOptions, openLevelBackend, openMemoryBackend } from "./level-backend.js";
export {
  type LevelBatch,
  type LevelIterator,
  type LevelSnapshot,
  type LevelStore,
  type LevelTuning,
  openLevelStore,
  openMemoryStore,
  type StoredRow,
} from "./level-store.js";
export { checkLog, type LogDamage, type VisitKey } from "./log-check.js";
export { MemberBackend } from "./member-backend.js";
export { checkTables, type TableDamage } from "./table-check.js";
