import type { FlatRows } from "./flat-rows.js";

/** Buckets of one page, and of a table that is empty. */
const bucketBits = 10;
const bucketsOfPage = 1 << bucketBits;
const bucketMask = bucketsOfPage - 1;

/**
 * A hash table of rows, outside of V8's heap. The rows of a bucket form a chain through a field of theirs, and another
 * field keeps their hash. Whoever looks for a row follows the chain and compares.
 *
 * The table grows by one bucket at a time (linear hashing), so no insertion has to move more than a few rows; a `Map`
 * with a million entries stops the event loop for 100 ms when it doubles. It never shrinks.
 */
export class RowBuckets {
  readonly #rows: FlatRows;
  readonly #hashAt: number;
  readonly #nextAt: number;
  readonly #pages: Uint32Array[] = [new Uint32Array(bucketsOfPage)];
  /** Bits of a hash that number a bucket; those below `#split` have been split and use one bit more. */
  #mask = bucketMask;
  #split = 0;
  #count = 0;

  /**
   * @param hashAt field of a row that keeps its hash
   * @param nextAt field of a row that keeps the number of the next row in its bucket
   */
  constructor(rows: FlatRows, hashAt: number, nextAt: number) {
    this.#rows = rows;
    this.#hashAt = hashAt;
    this.#nextAt = nextAt;
  }

  /** Number of rows in the table. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the buckets. */
  get bytes(): number {
    return this.#pages.length * bucketsOfPage * Uint32Array.BYTES_PER_ELEMENT;
  }

  /** The first row whose hash may be `hash`; 0 when there is none. */
  first(hash: number): number {
    return this.#head(this.#bucketOf(hash));
  }

  /** The row after `row` in its bucket; 0 at the end. */
  next(row: number): number {
    return this.#rows.word(row, this.#nextAt);
  }

  /** All rows, in no order. The table must not change meanwhile. */
  *all(): Generator<number, void, undefined> {
    for (let bucket = 0; bucket <= this.#mask + this.#split; bucket++) {
      for (let row = this.#head(bucket); row !== 0; row = this.next(row)) yield row;
    }
  }

  /** Whether a row has this hash, which is from 0 to 2^32 - 1. */
  hasHash(row: number, hash: number): boolean {
    return this.#rows.word(row, this.#hashAt) === hash;
  }

  add(row: number, hash: number): void {
    this.#rows.setWord(row, this.#hashAt, hash);
    this.#push(this.#bucketOf(hash), row);
    this.#count++;
    if (this.#count > this.#mask + this.#split) this.#splitOne();
  }

  /** Removes a row, which the table holds. */
  remove(row: number): void {
    const bucket = this.#bucketOf(this.#rows.word(row, this.#hashAt));
    const next = this.next(row);
    this.#count--;
    let before = this.#head(bucket);
    if (before === row) {
      this.#setHead(bucket, next);
      return;
    }
    while (before !== 0 && this.next(before) !== row) before = this.next(before);
    this.#rows.setWord(before, this.#nextAt, next);
  }

  #splitOne(): void {
    const from = this.#split;
    const to = from + this.#mask + 1;
    if (to >>> bucketBits >= this.#pages.length) this.#pages.push(new Uint32Array(bucketsOfPage));
    let row = this.#head(from);
    this.#setHead(from, 0);
    while (row !== 0) {
      const next = this.next(row);
      const moves = (this.#rows.word(row, this.#hashAt) & (this.#mask + 1)) !== 0;
      this.#push(moves ? to : from, row);
      row = next;
    }
    this.#split++;
    if (this.#split <= this.#mask) return;
    this.#mask = 2 * this.#mask + 1;
    this.#split = 0;
  }

  #bucketOf(hash: number): number {
    const bucket = hash & this.#mask;
    return bucket < this.#split ? hash & (2 * this.#mask + 1) : bucket;
  }

  #push(bucket: number, row: number): void {
    this.#rows.setWord(row, this.#nextAt, this.#head(bucket));
    this.#setHead(bucket, row);
  }

  #head(bucket: number): number {
    return this.#pages[bucket >>> bucketBits]?.[bucket & bucketMask] ?? 0;
  }

  #setHead(bucket: number, row: number): void {
    (this.#pages[bucket >>> bucketBits] as Uint32Array)[bucket & bucketMask] = row;
  }
}

/** A hash of the characters of `text`, after `seed`: from 0 to 2^32 - 1, every bit of which depends on all of them. */
export function hashOfText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mixed(hash);
}

/** A hash of 64 bits and a number below 2^32. */
export function hashOfLong(long: bigint, number = 0): number {
  const low = Number(BigInt.asUintN(32, long));
  const high = Number(BigInt.asUintN(32, long >> 32n));
  return mixed(Math.imul(Math.imul(low, 0x9e3779b1) ^ high ^ (number << 16), 0x85ebca6b) + number);
}

function mixed(hash: number): number {
  let mix = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35);
  return (mix ^ (mix >>> 16)) >>> 0;
}
