import { ownBytes } from "../base/index.js";
import type { KeyEntry } from "./key-entry.js";

/** What the bytes of one value cost beside themselves: a view, its buffer, a place in the ring. */
const overheadBytes = 200;
/** So many places without a value are nothing to tidy up for. */
const vacantMin = 1000;

const inRing = 1;
const touched = 2;

/**
 * Newest values in memory, at most `bytesMax` of them, dropped by the clock algorithm: the hand passes over what was
 * touched since it came by last, once. The value sits in its key's entry, so a hit costs no lookup.
 */
export class ValueCache {
  readonly #bytesMax: number;
  #ring: KeyEntry[] = [];
  #hand = 0;
  #bytes = 0;
  /** Places of the ring whose entry has no value any more. */
  #vacant = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(entry: KeyEntry): Uint8Array | undefined {
    if (entry.value !== undefined) entry.cacheState |= touched;
    return entry.value;
  }

  /** Keeps a copy of the newest value of `entry`, in place of an older one: nobody knows for how long. */
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

  /** Forgets the value of `entry`, which is no longer its newest. */
  drop(entry: KeyEntry): void {
    if (entry.value === undefined) return;
    this.#bytes -= entry.value.byteLength + overheadBytes;
    entry.value = undefined;
    this.#vacant++;
    if (this.#vacant > vacantMin && this.#vacant > this.#ring.length / 2) this.#closeUp();
  }

  /** Moves the hand by one place; it never rests behind the last one, where the next value will be put. */
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
      // The newest takes the place and is passed over: it has not had its turn yet.
      const newest = this.#ring.pop();
      if (newest !== undefined && newest !== entry) this.#ring[this.#hand++] = newest;
    }
    if (this.#hand >= this.#ring.length) this.#hand = 0;
  }

  /** Keys that come and go must not leave places behind for ever. Costs a pass, but only after as many drops. */
  #closeUp(): void {
    this.#ring = this.#ring.filter((entry) => {
      if (entry.value === undefined) entry.cacheState = 0;
      return entry.value !== undefined;
    });
    this.#hand = 0;
    this.#vacant = 0;
  }
}
