import type { Backend } from "../backend/index.js";
import type { Clock } from "../base/index.js";

/** A read that takes this long on the event loop has waited for the disk: one from memory takes 10 to 20 us. */
const coldMs = 2;
/** Values that are read on other threads have waited for the disk if they take this long each. */
const coldEachMs = 0.2;
/** After a slow read, this many values are read on other threads before the event loop reads one itself again. */
const aheadReads = 1_000;

/**
 * Decides where values that are not in memory are read. A read on the event loop is cheap while the machine keeps the
 * database's files in its memory, and holds everybody up when it has to wait for the disk. So the first slow read, as
 * after a start or in a database larger than the memory, makes the next ones go to other threads first, until these
 * are fast again.
 */
export class ColdReads {
  readonly #backend: Pick<Backend, "warm">;
  readonly #clock: Clock;
  #left = 0;

  constructor(backend: Pick<Backend, "warm">, clock: Clock) {
    this.#backend = backend;
    this.#clock = clock;
  }

  /** Whether reads should go to other threads first. */
  get expected(): boolean {
    return this.#left > 0;
  }

  /** Notes how long a read took on the event loop. */
  took(ms: number): void {
    if (ms >= coldMs) this.#left = aheadReads;
  }

  /** Brings entries of the bucket `key` into memory, so that a read on the event loop finds them there. */
  async readAhead(keys: readonly Uint8Array[]): Promise<void> {
    const startedAt = this.#clock.now();
    await this.#backend.warm("key", keys);
    if ((this.#clock.now() - startedAt) / keys.length >= coldEachMs) this.#left = aheadReads;
    else this.#left = Math.max(0, this.#left - keys.length);
  }
}
