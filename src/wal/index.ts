/**
 * The raft log of one member on disk: entries, hard state, snapshots. The raft node loop saves what a `Ready` holds and
 * sends nothing that rests on it before the promise resolves. Whatever is read back at the start was checked; what a
 * torn write left is cut, and a log with a hole is refused. It never judges what an entry means.
 */
export { createDataDir, type DataDir } from "./data-dir.js";
export type { WalMetadata } from "./log-state.js";
export { type OpenedWal, Wal, type WalChange, type WalOptions } from "./wal.js";
