import { ownBytes } from "../base/index.js";
import { GivenUpSlabs, type ValueOwner, ValueSlab } from "./value-slab.js";

/** Memory of a cached value beside its bytes: a view, a record, a place in its slab. */
const overheadBytes = 200;
/** The most bytes of a slab: small compared with the cache, and large enough that few slabs are created. */
const slabBytesMax = 64 * 1024;
const slabsMin = 16;
/** The least number of values for a slab; a longer value gets a buffer of its own. */
const valuesOfSlabMin = 8;
/**
 * The most bytes of given-up slabs that are still in memory, 96 MiB by default: more than V8 lets buffers grow before
 * it collects garbage, so that garbage alone does not reach the bound.
 */
const givenUpBytesDefault = 96 * 1024 * 1024;
/** The least share of a slab in use. Below, the slab is given up: its values move to the slab that is being filled. */
const usedShareMin = 1 / 3;

/**
 * The newest values of keys in memory, at most `bytesMax` bytes. The oldest slab is evicted with its values, except
 * those that were read since they were placed: they are placed again, once. The value is a field of its key's index
 * entry, so a hit costs no lookup.
 *
 * A value is a view of a slab: a buffer for each value would cost a put a sixth of its time, mostly in the garbage
 * collector. Slabs count with their full size. A reader that holds a value keeps its slab in memory, even after the
 * slab is given up. Given-up slabs are counted separately: while they take too much, no new slab is created. So the
 * memory of values is bounded, even when readers hold them.
 */
export class ValueCache {
  readonly #bytesMax: number;
  readonly #givenUpBytesMax: number;
  readonly #slabBytes: number;
  /** Slabs in use, in the order of their creation. */
  readonly #slabs = new Set<ValueSlab>();
  readonly #givenUp = new GivenUpSlabs();
  #filling: ValueSlab | undefined;
  #bytes = 0;

  /** @param givenUpBytesMax the most bytes of given-up slabs that are still in memory */
  constructor(bytesMax: number, givenUpBytesMax = givenUpBytesDefault) {
    this.#bytesMax = bytesMax;
    this.#givenUpBytesMax = givenUpBytesMax;
    this.#slabBytes = Math.min(slabBytesMax, Math.floor(bytesMax / slabsMin));
  }

  get({ cached }: ValueOwner): Uint8Array | undefined {
    if (cached === undefined) return undefined;
    cached.touched = true;
    return cached.bytes;
  }

  /** Keeps a copy of the newest value of `owner`, in place of an older one. It may be evicted at any time. */
  set(owner: ValueOwner, value: Uint8Array): void {
    if (!this.#makeRoom(owner, value.byteLength)) return;
    this.#keep(owner, value, false);
  }

  /**
   * Like `set`, for a value that does not exist yet: the caller writes it into the returned buffer before it calls any
   * other method, and never again. Undefined when the cache does not keep the value.
   */
  room(owner: ValueOwner, length: number): Uint8Array | undefined {
    return this.#makeRoom(owner, length) ? this.#place(owner, length, false) : undefined;
  }

  /** Forgets the value of `owner`, which is no longer its newest. */
  drop(owner: ValueOwner): void {
    const { cached } = owner;
    if (cached === undefined) return;
    owner.cached = undefined;
    const { slab } = cached;
    slab.usedBytes -= cached.bytes.byteLength;
    if (slab !== this.#filling) this.#giveUpIfSparse(slab);
  }

  /** Drops the value of `owner`, and evicts others until one of this length fits. @returns false when it never will */
  #makeRoom(owner: ValueOwner, length: number): boolean {
    this.drop(owner);
    if (length + overheadBytes > this.#bytesMax) return false;
    // Room is made before the value is placed: an eviction copies values, and a new one may have no bytes yet.
    while (this.#slabs.size > 0 && this.#bytes + this.#costOf(length) > this.#bytesMax) this.#evict();
    return true;
  }

  #keep(owner: ValueOwner, value: Uint8Array, touched: boolean): void {
    if (this.#isLong(value.byteLength))
      this.#fill(this.#begin(new ValueSlab(ownBytes(value), false)), owner, value.byteLength, touched);
    else this.#place(owner, value.byteLength, touched)?.set(value);
  }

  #place(owner: ValueOwner, length: number, touched: boolean): Uint8Array | undefined {
    const slab = this.#slabFor(length);
    return slab === undefined ? undefined : this.#fill(slab, owner, length, touched);
  }

  #fill(slab: ValueSlab, owner: ValueOwner, length: number, touched: boolean): Uint8Array {
    this.#bytes += overheadBytes;
    const cached = slab.place(owner, length, touched);
    owner.cached = cached;
    return cached.bytes;
  }

  #isLong(length: number): boolean {
    return length * valuesOfSlabMin > this.#slabBytes;
  }

  /** Bytes by which the cache grows with a value of this length. */
  #costOf(length: number): number {
    if (this.#isLong(length)) return length + overheadBytes;
    return this.#filling?.fits(length) ? overheadBytes : this.#slabBytes + overheadBytes;
  }

  /** The slab for a value; undefined while given-up slabs leave no room for another one. */
  #slabFor(length: number): ValueSlab | undefined {
    if (this.#isLong(length)) return this.#begin(new ValueSlab(Buffer.allocUnsafeSlow(length), false));
    const before = this.#filling;
    if (before?.fits(length)) return before;
    if (this.#givenUp.bytes > this.#givenUpBytesMax) return undefined;
    const next = this.#begin(new ValueSlab(Buffer.allocUnsafeSlow(this.#slabBytes), true));
    this.#filling = next;
    if (before !== undefined) this.#giveUpIfSparse(before);
    return next;
  }

  #begin(slab: ValueSlab): ValueSlab {
    this.#slabs.add(slab);
    this.#bytes += slab.bytes.byteLength;
    return slab;
  }

  #giveUpIfSparse(slab: ValueSlab): void {
    if (slab.usedBytes >= slab.bytes.byteLength * usedShareMin) return;
    this.#giveUp(slab);
    for (const cached of slab.values) {
      const { owner, bytes, touched } = cached;
      if (owner.cached !== cached) continue;
      owner.cached = undefined;
      this.#keep(owner, bytes, touched);
    }
  }

  /** Evicts the oldest slab; values that were read since they were placed move to another one. */
  #evict(): void {
    const { value: slab } = this.#slabs.values().next();
    if (slab === undefined) return;
    if (slab === this.#filling) this.#filling = undefined;
    this.#giveUp(slab);
    for (const cached of slab.values) {
      const { owner, bytes, touched } = cached;
      if (owner.cached !== cached) continue;
      owner.cached = undefined;
      if (touched) this.#keep(owner, bytes, false);
    }
  }

  #giveUp(slab: ValueSlab): void {
    this.#slabs.delete(slab);
    this.#bytes -= slab.bytes.byteLength + slab.values.length * overheadBytes;
    // A buffer with a single value keeps nothing else in memory.
    if (slab.shared) this.#givenUp.add(slab);
  }
}
