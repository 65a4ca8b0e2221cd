import type { RangeChunk, RangeStream } from "../../apply/index.js";
import type { Clock } from "../../base/index.js";
import type { ServerCounters } from "../counters.js";

/** A range in chunks, for a user. It ends when users or roles change, since the user may have lost rights. */
export class GuardedStream {
  readonly #range: RangeStream;
  readonly #check: () => void;
  readonly #clock: Clock;
  readonly #counters: ServerCounters;

  /** @param check called around each chunk; throws when users or roles have changed */
  constructor(range: RangeStream, check: () => void, clock: Clock, counters: ServerCounters) {
    this.#range = range;
    this.#check = check;
    this.#clock = clock;
    this.#counters = counters;
  }

  /** The revision for the header of the answer. */
  get revision(): number {
    return this.#range.revision;
  }

  /** Must be called when no more chunks are wanted. May be called again. */
  close(): void {
    this.#range.close();
  }

  /** As of `RangeStream`. @throws EtcdError also `authOldRevision` */
  async next(): Promise<RangeChunk | undefined> {
    const startedAt = this.#clock.now();
    let success = false;
    try {
      const chunk = await this.#range.next();
      this.#check();
      success = true;
      return chunk;
    } finally {
      this.#counters.ranges++;
      this.#counters.countRange(success, (this.#clock.now() - startedAt) / 1_000);
    }
  }
}
