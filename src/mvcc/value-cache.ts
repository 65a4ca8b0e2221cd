import { ownBytes } from "../base/index.js";
import type { KeyEntry } from "./key-entry.js";

/** Memory of a cached value beside its bytes: a view, its buffer, a place in the ring. */
const overheadBytes = 200;
/** Up to this many vacant places are not worth a clean-up. */
const vacantMin = 1000;

const inRing = 1;
const touched = 2;

/**
 * The newest values of keys in memory, at most `bytesMax` bytes, evicted by the clock algorithm: the hand skips, once,
 * an entry that was read since the hand last passed it. The value is a field of its key's index entry, so a hit costs
 * no lookup.
 */
export class ValueCache {
  readonly #bytesMax: number;
  #ring: KeyEntry[] = [];
  #hand = 0;
  #bytes = 0;
  /** Number of places in the ring whose entry has no value any more. */
  #vacant = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(entry: KeyEntry): Uint8Array | undefined {
    if (entry.value !== undefined) entry.cacheState |= touched;
    return entry.value;
  }

  /** Keeps a copy of the newest value of `entry`, in place of an older one. It may be evicted at any time. */
  set(entry: KeyEntry, value: Uint8Array): void {
    this.drop(entry);
    const cost = value.byteLength + overheadBytes;
    if (cost > this.#bytesMax) return;
    entry.value = ownBytes(value);
    this.#bytes += cost;
    if ((entry.cacheState & inRing) !== 0) {
      this.#vacant--;
    } else {
      entry.cacheState = inRing;
      this.#ring.push(entry);
    }
    while (this.#bytes > this.#bytesMax) this.#turn();
  }

  /** Drops the value of `entry`, which is no longer its newest. */
  drop(entry: KeyEntry): void {
    if (entry.value === undefined) return;
    this.#bytes -= entry.value.byteLength + overheadBytes;
    entry.value = undefined;
    this.#vacant++;
    if (this.#vacant > vacantMin && this.#vacant > this.#ring.length / 2) this.#closeUp();
  }

  /** Moves the hand by one place. It never stays behind the last place, where the next value will be put. */
  #turn(): void {
    const entry = this.#ring[this.#hand];
    if (entry === undefined) return;
    if (entry.value !== undefined && (entry.cacheState & touched) !== 0) {
      entry.cacheState &= ~touched;
      this.#hand++;
    } else {
      if (entry.value !== undefined) this.#bytes -= entry.value.byteLength + overheadBytes;
      else this.#vacant--;
      entry.value = undefined;
      entry.cacheState = 0;
      // The newest entry moves to the free place and is skipped: its turn has not come yet.
      const newest = this.#ring.pop();
      if (newest !== undefined && newest !== entry) this.#ring[this.#hand++] = newest;
    }
    if (this.#hand >= this.#ring.length) this.#hand = 0;
  }

  /**
   * Removes vacant places, which deleted keys would otherwise leave behind for ever. A pass over the ring, but only
   * after as many drops.
   */
  #closeUp(): void {
    this.#ring = this.#ring.filter((entry) => {
      if (entry.value === undefined) entry.cacheState = 0;
      return entry.value !== undefined;
    });
    this.#hand = 0;
    this.#vacant = 0;
  }
}
