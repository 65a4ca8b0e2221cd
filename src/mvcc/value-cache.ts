import { ownBytes } from "../base/index.js";
import type { Row } from "./keys/key-rows.js";
import { type CachedValue, GivenUpSlabs, ValueSlab } from "./value-slab.js";

/** Where the rows of the index keep the places of their values in the cache; 0 means that there is none. */
export interface CachePlaces {
  cachePlace(row: Row): number;
  setCachePlace(row: Row, place: number): void;
}

/** Memory of a cached value beside its bytes: a view, a record, a place in its slab. */
const overheadBytes = 200;
/** The most bytes of a slab: small compared with the cache, and large enough that few slabs are created. */
const slabBytesMax = 64 * 1024;
const slabsMin = 16;
/**
 * The longest value that is kept. Reading a longer one takes LevelDB mostly the time that any copy of it takes, and a
 * few of them would push out many short values.
 */
const cachedBytesMax = 64 * 1024;
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
 * those that were read since they were placed: they are placed again, once. The row of a key holds the place of its
 * value, so a hit costs no lookup.
 *
 * A value is a view of a slab: a buffer for each value would cost a put a sixth of its time, mostly in the garbage
 * collector. Slabs count with their full size. A reader that holds a value keeps its slab in memory, even after the
 * slab is given up. Given-up slabs are counted separately: while they take too much, no new slab is created. So the
 * memory of values is bounded, even when readers hold them.
 */
export class ValueCache {
  readonly #places: CachePlaces;
  /** The values by place; places begin at 1. */
  readonly #values: (CachedValue | undefined)[] = [undefined];
  readonly #freePlaces: number[] = [];
  readonly #bytesMax: number;
  readonly #givenUpBytesMax: number;
  readonly #slabBytes: number;
  /** Slabs in use, in the order of their creation. */
  readonly #slabs = new Set<ValueSlab>();
  readonly #givenUp = new GivenUpSlabs();
  #filling: ValueSlab | undefined;
  #bytes = 0;

  /** @param givenUpBytesMax the most bytes of given-up slabs that are still in memory */
  constructor(places: CachePlaces, bytesMax: number, givenUpBytesMax = givenUpBytesDefault) {
    this.#places = places;
    this.#bytesMax = bytesMax;
    this.#givenUpBytesMax = givenUpBytesMax;
    this.#slabBytes = Math.min(slabBytesMax, Math.floor(bytesMax / slabsMin));
  }

  get(row: Row): Uint8Array | undefined {
    const cached = this.#values[this.#places.cachePlace(row)];
    if (cached === undefined) return undefined;
    cached.touched = true;
    return cached.bytes;
  }

  /** Like `get`, without a sign that the value is in use. */
  peek(row: Row): Uint8Array | undefined {
    return this.#values[this.#places.cachePlace(row)]?.bytes;
  }

  /** Keeps a copy of the newest value of a key, in place of an older one. It may be evicted at any time. */
  set(row: Row, value: Uint8Array): void {
    if (!this.#makeRoom(row, value.byteLength)) return;
    this.#keep(row, value, false);
  }

  /**
   * Like `set`, for a value that does not exist yet: the caller writes it into the returned buffer before it calls any
   * other method, and never again. Undefined when the cache does not keep the value.
   */
  room(row: Row, length: number): Uint8Array | undefined {
    return this.#makeRoom(row, length) ? this.#place(row, length, false) : undefined;
  }

  /** Forgets the value of a key, which is no longer its newest. */
  drop(row: Row): void {
    const cached = this.#values[this.#places.cachePlace(row)];
    if (cached === undefined) return;
    this.#forget(row);
    const { slab } = cached;
    slab.usedBytes -= cached.bytes.byteLength;
    if (slab !== this.#filling) this.#giveUpIfSparse(slab);
  }

  /** Drops the value of a key, and evicts others until one of this length fits. @returns false when it never will */
  #makeRoom(row: Row, length: number): boolean {
    this.drop(row);
    if (length > cachedBytesMax || length + overheadBytes > this.#bytesMax) return false;
    // Room is made before the value is placed: an eviction copies values, and a new one may have no bytes yet.
    while (this.#slabs.size > 0 && this.#bytes + this.#costOf(length) > this.#bytesMax) this.#evict();
    return true;
  }

  #keep(row: Row, value: Uint8Array, touched: boolean): void {
    if (this.#isLong(value.byteLength))
      this.#fill(this.#begin(new ValueSlab(ownBytes(value), false)), row, value.byteLength, touched);
    else this.#place(row, value.byteLength, touched)?.set(value);
  }

  #place(row: Row, length: number, touched: boolean): Uint8Array | undefined {
    const slab = this.#slabFor(length);
    return slab === undefined ? undefined : this.#fill(slab, row, length, touched);
  }

  #fill(slab: ValueSlab, row: Row, length: number, touched: boolean): Uint8Array {
    this.#bytes += overheadBytes;
    const cached = slab.place(row, length, touched);
    const place = this.#freePlaces.pop() ?? this.#values.length;
    this.#values[place] = cached;
    this.#places.setCachePlace(row, place);
    return cached.bytes;
  }

  #forget(row: Row): void {
    const place = this.#places.cachePlace(row);
    this.#values[place] = undefined;
    this.#freePlaces.push(place);
    this.#places.setCachePlace(row, 0);
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
    for (const { row, bytes, touched } of this.#forgetAll(slab)) this.#keep(row, bytes, touched);
  }

  /** Evicts the oldest slab; values that were read since they were placed move to another one. */
  #evict(): void {
    const { value: slab } = this.#slabs.values().next();
    if (slab === undefined) return;
    if (slab === this.#filling) this.#filling = undefined;
    this.#giveUp(slab);
    for (const { row, bytes, touched } of this.#forgetAll(slab)) if (touched) this.#keep(row, bytes, false);
  }

  /** Forgets the values of a slab that are still cached, and returns them. */
  #forgetAll(slab: ValueSlab): CachedValue[] {
    const still = slab.values.filter((cached) => this.#values[this.#places.cachePlace(cached.row)] === cached);
    for (const { row } of still) this.#forget(row);
    return still;
  }

  #giveUp(slab: ValueSlab): void {
    this.#slabs.delete(slab);
    this.#bytes -= slab.bytes.byteLength + slab.values.length * overheadBytes;
    // A buffer with a single value keeps nothing else in memory.
    if (slab.shared) this.#givenUp.add(slab);
  }
}
