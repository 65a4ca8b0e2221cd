/**
 * The raft log of one member on disk: entries, hard state, snapshots. The raft node loop saves the contents of a
 * `Ready` and sends no message that depends on them before the promise resolves. Everything read back at the start has
 * been checked: the remains of a torn write are cut off, and a log with a hole is refused. This room never interprets
 * an entry.
 */
export { createDataDir, type DataDir } from "./data-dir.js";
export type { WalMetadata } from "./log-state.js";
export type { RaftLog, WalChange } from "./raft-log.js";
export { freezeLog } from "./segments.js";
export { lockedDirs, openStoredLog } from "./stored-log.js";
export { VolatileLog } from "./volatile-log.js";
export { type OpenedWal, Wal, type WalOptions } from "./wal.js";
