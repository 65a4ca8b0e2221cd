import type { ConfState, Entry, HardState, Snapshot } from "./types.js";

/**
 * What the core needs to read back of what it asked to have stored. It answers at once: the log since the last
 * snapshot is in memory or as good as.
 */
export interface Storage {
  /** What was stored when the node starts; the configuration as of the last snapshot. Asked once. */
  initialState(): { readonly hardState: HardState; readonly confState: ConfState };
  /**
   * The entries in `[low, high)`, in order: as many as fit `maxBytes` (as `entrySize` counts), but one at least.
   *
   * @throws StorageError `compacted` when `low` is before `firstIndex`
   */
  entries(low: number, high: number, maxBytes: number): readonly Entry[];
  /**
   * The term of an entry in `[firstIndex - 1, lastIndex]`: that of the last compacted entry is still known.
   *
   * @throws StorageError `compacted` or `unavailable`, before and after that range
   */
  term(index: number): number;
  firstIndex(): number;
  lastIndex(): number;
  /**
   * A snapshot to send to a follower whose next entry is compacted.
   *
   * @throws StorageError `snapshotTemporarilyUnavailable` to be asked again later
   */
  snapshot(): Snapshot;
}
