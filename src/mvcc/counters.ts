import { exponentialBounds, Histogram } from "../base/index.js";

const sendBounds = exponentialBounds(0.001, 2, 14);

/** Counters of a member's key space since it started. */
export class StoreCounters {
  /** Bytes of all keys and values that were put. */
  putBytes = 0;
  /** Number of stored changes that compactions removed. */
  compactedChanges = 0;
  /** When the last compaction ended, in seconds since 1970; 0 when there was none. */
  lastCompactionSeconds = 0;
  readonly compactionMs = new Histogram(exponentialBounds(100, 2, 14));
  /** Time that compactions worked on the disk between two pauses. */
  readonly compactionStepMs = new Histogram(exponentialBounds(1, 2, 13));
  /** Time that compactions took to go through the index. */
  readonly indexCompactionMs = new Histogram(exponentialBounds(0.5, 2, 14));
  /** How long checkpoints of the index took, and their bytes. */
  readonly checkpointSeconds = new Histogram(exponentialBounds(0.01, 2, 14));
  checkpointBytes = 0;
  /** Revision from which a start reads changes behind the last checkpoint; 0 when there is none. */
  checkpointRevision = 0;
  /** Number of checkpoints that could not be written. */
  checkpointFailures = 0;
  readonly hashSeconds = new Histogram(exponentialBounds(0.01, 2, 15));
  /** Number of events sent to clients of watchers, and of those that wait to be sent. */
  eventsSent = 0;
  eventsPending = 0;
  /** Time to send a response with events, until there is room for the next one, and that time for each event. */
  readonly eventsSendSeconds = new Histogram(sendBounds);
  readonly eventSendSeconds = new Histogram(sendBounds);
  /** Time to send a response without events, such as the answer to the request for a watch. */
  readonly controlSendSeconds = new Histogram(sendBounds);
  /** Time in which a stream asks for the progress of all its watchers. */
  readonly progressSeconds = new Histogram(sendBounds);
}
