import { readWords, writeWords } from "./bytes.js";

/** Rows of one page: a page of rows of 64 bytes has 256 KiB. */
const rowBits = 12;
const rowsOfPage = 1 << rowBits;
const rowMask = rowsOfPage - 1;

/** A page of rows, as words of four bytes and as numbers of eight. */
interface Page {
  readonly words: Uint32Array;
  readonly longs: BigInt64Array;
  readonly doubles: Float64Array;
}

/**
 * Rows of numbers outside of V8's heap, for things of which there may be a million: a garbage collection does not see
 * them. Rows are numbered from 1, so 0 can stand for none. A freed row is used again. The memory never shrinks.
 *
 * Fields are addressed by the number of their first word. Those of eight bytes begin at an even word.
 */
export class FlatRows {
  readonly #wordsOfRow: number;
  readonly #pages: Page[] = [];
  /** The first row that was never used. */
  #unused = 1;
  /** The first free row; its first word is the number of the next one. */
  #free = 0;
  #used = 0;

  /** @param wordsOfRow an even number */
  constructor(wordsOfRow: number) {
    this.#wordsOfRow = wordsOfRow;
  }

  /** Number of rows in use. */
  get used(): number {
    return this.#used;
  }

  /** The first row that was never used: all rows in use are below it. */
  get end(): number {
    return this.#unused;
  }

  /** Bytes of all rows, used or not. */
  get bytes(): number {
    return this.#pages.length * rowsOfPage * this.#wordsOfRow * Uint32Array.BYTES_PER_ELEMENT;
  }

  /** Bytes of the rows in use. */
  get usedBytes(): number {
    return this.#used * this.#wordsOfRow * Uint32Array.BYTES_PER_ELEMENT;
  }

  /** A row whose fields are all 0. */
  take(): number {
    this.#used++;
    let row = this.#free;
    if (row !== 0) this.#free = this.word(row, 0);
    else {
      row = this.#unused++;
      if (row >>> rowBits >= this.#pages.length) this.#addPage();
    }
    const at = (row & rowMask) * this.#wordsOfRow;
    this.#page(row).words.fill(0, at, at + this.#wordsOfRow);
    return row;
  }

  give(row: number): void {
    this.#used--;
    this.setWord(row, 0, this.#free);
    this.#free = row;
  }

  /** A field of four bytes, from 0 to 2^32 - 1. */
  word(row: number, field: number): number {
    return this.#page(row).words[(row & rowMask) * this.#wordsOfRow + field] ?? 0;
  }

  setWord(row: number, field: number, value: number): void {
    this.#page(row).words[(row & rowMask) * this.#wordsOfRow + field] = value;
  }

  /** A field of eight bytes with a number from 0 to 2^53 - 1. */
  number(row: number, field: number): number {
    return readWords(this.#page(row).words, (row & rowMask) * this.#wordsOfRow + field);
  }

  setNumber(row: number, field: number, value: number): void {
    writeWords(this.#page(row).words, (row & rowMask) * this.#wordsOfRow + field, value);
  }

  /** A field of 64 signed bits. */
  long(row: number, field: number): bigint {
    return this.#page(row).longs[((row & rowMask) * this.#wordsOfRow + field) / 2] ?? 0n;
  }

  setLong(row: number, field: number, value: bigint): void {
    this.#page(row).longs[((row & rowMask) * this.#wordsOfRow + field) / 2] = value;
  }

  /** A field of eight bytes with any number. */
  double(row: number, field: number): number {
    return this.#page(row).doubles[((row & rowMask) * this.#wordsOfRow + field) / 2] ?? 0;
  }

  setDouble(row: number, field: number, value: number): void {
    this.#page(row).doubles[((row & rowMask) * this.#wordsOfRow + field) / 2] = value;
  }

  #page(row: number): Page {
    return this.#pages[row >>> rowBits] as Page;
  }

  #addPage(): void {
    const buffer = new ArrayBuffer(rowsOfPage * this.#wordsOfRow * Uint32Array.BYTES_PER_ELEMENT);
    this.#pages.push({
      words: new Uint32Array(buffer),
      longs: new BigInt64Array(buffer),
      doubles: new Float64Array(buffer),
    });
  }
}
