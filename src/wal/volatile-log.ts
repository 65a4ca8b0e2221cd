import { AssertionFailure } from "../base/index.js";
import type { Entry } from "../raft/index.js";
import type { RaftLog } from "./raft-log.js";

/** The raft log of a member that keeps everything in memory: raft holds the entries itself, and nothing is written. */
export class VolatileLog implements RaftLog {
  readonly bytesWritten = 0;
  readonly readsBack = false;

  async save(): Promise<void> {
    // Nothing outlives the process.
  }

  async compact(): Promise<void> {
    // Nothing was written.
  }

  async read(): Promise<readonly Entry[]> {
    throw new AssertionFailure("raft keeps all entries of a log that is not stored");
  }

  async purge(): Promise<void> {
    // Nothing was written.
  }

  async close(): Promise<void> {
    // Nothing was opened.
  }
}
