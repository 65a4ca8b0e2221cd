import type { BackendCounters } from "./counters.js";

/**
 * The numbers of unmerged tables between which the strain grows from 0 to 1. LevelDB begins to merge at 4, so that a
 * few more are no sign that it falls behind; at 12 it accepts no more batches.
 */
const strainFrom = 6;
const strainTo = 12;
/** From this many unmerged tables on, LevelDB delays each batch. */
const stallFrom = 8;

/** Watches how far LevelDB is behind with its merges. */
export class Strain {
  /** As of the end of the last batch: 0 while LevelDB keeps up, 1 when it accepts no more batches. */
  value = 0;
  readonly #counters: BackendCounters;

  constructor(counters: BackendCounters) {
    this.#counters = counters;
  }

  /**
   * Counts a batch.
   *
   * @param seconds how long it took
   * @param unmerged number of unmerged tables after it, and so before the next one
   */
  count(seconds: number, unmerged: number): void {
    if (this.#counters.unmergedTables >= stallFrom) {
      this.#counters.stalledBatches++;
      this.#counters.stalledSeconds += seconds;
    }
    this.value = Math.min(1, Math.max(0, (unmerged - strainFrom) / (strainTo - strainFrom)));
    this.#counters.unmergedTables = unmerged;
  }
}
