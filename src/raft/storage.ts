import type { ConfState, Entry, HardState, Snapshot } from "./types.js";

/**
 * The stored data that the core reads back. It answers at once, from memory: it knows the outline of the whole log, and
 * has the data of the newest entries. Older ones may be on disk only. The core then names them in a `Ready`, and goes
 * on when its owner has read them.
 */
export interface Storage {
  /** The stored state when the node starts; the configuration is that of the last applied entry. Called once. */
  initialState(): { readonly hardState: HardState; readonly confState: ConfState };
  /**
   * The entries in `[low, high)`, in order: as many as fit into `maxBytes` (counted by `entrySize`), but at least one.
   * There may be fewer when those behind them are not in memory.
   *
   * @throws StorageError `compacted` when `low` is before `firstIndex`, `notInMemory` when its data is on disk only
   */
  entries(low: number, high: number, maxBytes: number): readonly Entry[];
  /**
   * The term of an entry in `[firstIndex - 1, lastIndex]`; that of the last compacted entry is still known.
   *
   * @throws StorageError `compacted` before that range, `unavailable` after it
   */
  term(index: number): number;
  /** Whether an entry in `[low, high)`, which the log has, changes the configuration. */
  hasConfChange(low: number, high: number): boolean;
  firstIndex(): number;
  /** From this index on, all entries are in memory. */
  firstInMemory(): number;
  lastIndex(): number;
  /**
   * A snapshot to send to a follower whose next entry is compacted.
   *
   * @throws StorageError `snapshotTemporarilyUnavailable` when the core should ask again later
   */
  snapshot(): Snapshot;
}
