/**
 * The database under every store of a member: ten buckets of ordered bytes in one LevelDB directory. Stores read
 * synchronously and make changes in memory; the backend writes the changes in batches, each synced and atomic, and
 * reports a failing disk. It does not interpret the bytes, and never writes half of the changes that belong together.
 */
export type { Backend, BackendView, Readable, Row } from "./backend.js";
export type { BackendOptions } from "./backend-options.js";
export { allBuckets, type Bucket } from "./buckets.js";
export { BackendCounters } from "./counters.js";
export { DiskError, damaged, openFailure, writeFailure } from "./disk-error.js";
export { isLocked } from "./file-lock.js";
export { freezeLevel } from "./frozen-copy.js";
export {
  type LevelBatch,
  type LevelIterator,
  type LevelSnapshot,
  type LevelStore,
  type LevelTuning,
  openLevelStore,
  type StoredRow,
} from "./level-store.js";
export { checkLog, type LogDamage, type VisitKey } from "./log-check.js";
export { MemberBackend } from "./member-backend.js";
export { openMemoryStore } from "./memory-store.js";
export { NewRows } from "./new-rows.js";
export { openLevelBackend, openMemoryBackend } from "./open-backend.js";
export type { PackedRows } from "./packed-rows.js";
export { type SideFile, type SideFiles, type SideFileWriter, SideFolder, sideFolderName } from "./side-files.js";
export { syncDirectory } from "./sync-directory.js";
export { checkTables, type TableDamage } from "./table-check.js";
export { CopiedDatabase } from "./tables/copied-database.js";
export { rowsOfStepMax } from "./tables/merged-rows.js";
export { readCopy } from "./tables/read-copy.js";
