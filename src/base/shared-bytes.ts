/** The unit in which threads take their share. Between two units, a thread counts without looking at the others. */
const unitBytes = 64 * 1024;
/** A thread keeps so many units that it does not need, so that it does not give and take at every request. */
const spareUnits = 4;

/** The shared words: units that all threads have taken, and the most that they ever had. */
const words = { taken: 0, peak: 1 } as const;

/** Allocates the memory that the `SharedBytes` of all threads share. */
export function sharedBytesMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(Object.keys(words).length * Int32Array.BYTES_PER_ELEMENT);
}

/**
 * How many bytes several threads hold together. Each thread takes units as it needs them, which others count as held,
 * so the sum is too large by a few units for each thread. Two threads that take their last units at the same moment may
 * exceed a bound by what these two requests need.
 */
export class SharedBytes {
  readonly #words: Int32Array;
  #ownUnits = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** Bytes that count as held by other threads. */
  get othersBytes(): number {
    return (Atomics.load(this.#words, words.taken) - this.#ownUnits) * unitBytes;
  }

  get peakBytes(): number {
    return Atomics.load(this.#words, words.peak) * unitBytes;
  }

  /** Called when this thread holds `bytes`, whenever that has changed. */
  hold(bytes: number): void {
    const needed = Math.ceil(bytes / unitBytes);
    if (needed <= this.#ownUnits && this.#ownUnits - needed <= spareUnits) return;
    const more = needed - this.#ownUnits;
    this.#ownUnits = needed;
    const taken = Atomics.add(this.#words, words.taken, more) + more;
    // Two threads may both set the peak. The lower one may win, which is off by no more than their last requests.
    if (taken > Atomics.load(this.#words, words.peak)) Atomics.store(this.#words, words.peak, taken);
  }
}
