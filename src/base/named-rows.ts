import { Arena, type Block, byteOffset } from "./arena.js";
import { FlatRows } from "./flat-rows.js";
import type { Key } from "./ids.js";
import { hashOfText, RowBuckets } from "./row-buckets.js";

/** Fields of every row, in words. The first two belong to the table of hashes. */
const hashAt = 0;
const nextAt = 1;
const nameAt = 2;
const lengthAt = 3;
/** The first word that a user of named rows may use. */
export const wordsOfName = 4;

/**
 * Rows with a name each, outside of V8's heap: a string for each of a million names would be an object there. Names are
 * those of keys, one byte for each character. A row is found by its name, unless it is taken without being listed.
 */
export class NamedRows {
  readonly rows: FlatRows;
  readonly #arena = new Arena();
  readonly #listed: RowBuckets;

  /** @param wordsOfRow an even number, of which the first `wordsOfName` are taken */
  constructor(wordsOfRow: number) {
    this.rows = new FlatRows(wordsOfRow);
    this.#listed = new RowBuckets(this.rows, hashAt, nextAt);
  }

  /** Bytes of memory outside of V8's heap. They do not shrink: free ones wait for other rows. */
  get bytes(): number {
    return this.rows.bytes + this.#arena.bytes + this.#listed.bytes;
  }

  /** Bytes of the rows and names in use, and of the table that finds them. */
  get usedBytes(): number {
    return this.rows.usedBytes + this.#arena.usedBytes + this.#listed.bytes;
  }

  /** Number of listed rows. */
  get listedCount(): number {
    return this.#listed.count;
  }

  /** All listed rows, in no order. None may be taken or given meanwhile. */
  listed(): Iterable<number> {
    return this.#listed.all();
  }

  /** The listed row with this name; 0 when there is none. */
  find(name: Key): number {
    if (this.#listed.count === 0) return 0;
    const hash = hashOfText(name);
    let row = this.#listed.first(hash);
    while (row !== 0 && !(this.#listed.hasHash(row, hash) && this.#isNamed(row, name))) row = this.#listed.next(row);
    return row;
  }

  /**
   * A new row; its other fields are 0.
   *
   * @param listed whether `find` finds it; no two listed rows have the same name
   */
  take(name: Key, listed = true): number {
    const row = this.rows.take();
    const block = this.#arena.take(name.length);
    this.#arena.segment(block).bytes.write(name, byteOffset(block), "latin1");
    this.rows.setWord(row, nameAt, block);
    this.rows.setWord(row, lengthAt, name.length);
    if (listed) this.#listed.add(row, hashOfText(name));
    return row;
  }

  /** Frees a row. @param listed as for `take` */
  give(row: number, listed = true): void {
    if (listed) this.#listed.remove(row);
    this.#arena.give(this.#block(row), this.length(row));
    this.rows.give(row);
  }

  length(row: number): number {
    return this.rows.word(row, lengthAt);
  }

  /** The bytes `[from, to)` of a row's name. */
  name(row: number, from = 0, to = this.length(row)): Key {
    const block = this.#block(row);
    const at = byteOffset(block);
    return this.#arena.segment(block).bytes.toString("latin1", at + from, at + to);
  }

  #isNamed(row: number, name: Key): boolean {
    if (this.length(row) !== name.length) return false;
    const block = this.#block(row);
    const { bytes } = this.#arena.segment(block);
    const from = byteOffset(block);
    for (let at = 0; at < name.length; at++) if (bytes[from + at] !== name.charCodeAt(at)) return false;
    return true;
  }

  #block(row: number): Block {
    return this.rows.word(row, nameAt);
  }
}
