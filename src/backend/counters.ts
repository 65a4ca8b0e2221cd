import { exponentialBounds, Histogram } from "../base/index.js";

/** Counters of all backends that a member has had, one after the other, since it started. */
export class BackendCounters {
  /** How long batches took to write and sync. */
  readonly commitSeconds = new Histogram(exponentialBounds(0.001, 2, 14));
  readonly defragSeconds = new Histogram(exponentialBounds(0.1, 2, 13));
  defragsUnderWay = 0;
  readonly hashSeconds = new Histogram(exponentialBounds(0.01, 2, 15));
  /** The number of tables that LevelDB had not merged yet when the last batch began. */
  unmergedTables = 0;
  /** The batches that LevelDB delayed since its merges were behind, and how long they took. */
  stalledBatches = 0;
  stalledSeconds = 0;
  /** Number of open views. */
  views = 0;
}
