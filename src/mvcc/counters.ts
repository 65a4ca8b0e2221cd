import { exponentialBounds, Histogram } from "../base/index.js";

/** What was counted of a member's key space since it started. */
export class StoreCounters {
  /** Bytes of keys and values that were put. */
  putBytes = 0;
  /** Stored changes that compactions removed. */
  compactedChanges = 0;
  /** When the last compaction ended, in seconds since 1970; 0 when there was none. */
  lastCompactionSeconds = 0;
  readonly compactionMs = new Histogram(exponentialBounds(100, 2, 14));
  /** How long compactions worked on the disk between two pauses. */
  readonly compactionStepMs = new Histogram(exponentialBounds(1, 2, 13));
  /** How long compactions took to pass the index. */
  readonly indexCompactionMs = new Histogram(exponentialBounds(0.5, 2, 14));
  readonly hashSeconds = new Histogram(exponentialBounds(0.01, 2, 15));
  /** Events that were given to watchers' clients, and those that wait for it. */
  eventsSent = 0;
  eventsPending = 0;
}
