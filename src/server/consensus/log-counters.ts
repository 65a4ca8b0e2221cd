import { exponentialBounds, Histogram } from "../../base/index.js";

/** The counters of the raft log since the start of the process. */
export class LogCounters {
  /** The number of leader's ticks that were so late that heartbeats were late. */
  lateHeartbeats = 0;
  /** Bytes of entries that were read back from the disk, since they were not in memory any more. */
  readBackBytes = 0;
  /** The duration of writes to the raft log, including their sync. */
  readonly walSyncSeconds = new Histogram(exponentialBounds(0.001, 2, 14));
  /** The duration of storing snapshot records, including their sync. */
  readonly snapshotRecordSeconds = new Histogram(exponentialBounds(0.001, 2, 14));
  /** The duration of storing received databases, and of the syncs in it. */
  readonly receivedSeconds = new Histogram(exponentialBounds(0.1, 2, 10));
  readonly receivedSyncSeconds = new Histogram(exponentialBounds(0.001, 2, 14));
}
