import type { ConfState, Entry, HardState, Snapshot } from "./types.js";

/** The stored data that the core reads back. It answers at once: the log since the last snapshot is in memory. */
export interface Storage {
  /** The stored state when the node starts; the configuration is that of the last snapshot. Called once. */
  initialState(): { readonly hardState: HardState; readonly confState: ConfState };
  /**
   * The entries in `[low, high)`, in order: as many as fit into `maxBytes` (counted by `entrySize`), but at least one.
   *
   * @throws StorageError `compacted` when `low` is before `firstIndex`
   */
  entries(low: number, high: number, maxBytes: number): readonly Entry[];
  /**
   * The term of an entry in `[firstIndex - 1, lastIndex]`; that of the last compacted entry is still known.
   *
   * @throws StorageError `compacted` before that range, `unavailable` after it
   */
  term(index: number): number;
  firstIndex(): number;
  lastIndex(): number;
  /**
   * A snapshot to send to a follower whose next entry is compacted.
   *
   * @throws StorageError `snapshotTemporarilyUnavailable` when the core should ask again later
   */
  snapshot(): Snapshot;
}
