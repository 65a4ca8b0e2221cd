import { type Block, noBlock, readWords, writeWords } from "../../base/index.js";

/** Number of a key's row in the index. `noRow` is none. */
export type Row = number;
export const noRow: Row = 0;

/** Rows of one buffer: about a megabyte. */
const rowsOfPage = 16_384;
const rowBits = 14;
const rowMask = rowsOfPage - 1;

const wordsOfRow = 14;
const bytesOfRow = 4 * wordsOfRow;

/** Places of the fields in a row, in words. The first four take two words each. */
const mainAt = 0;
const createAt = 2;
const versionAt = 4;
const leaseAt = 6;
const subAt = 8;
const bytesAt = 9;
const olderAt = 10;
const olderCountAt = 11;
const cacheAt = 12;
const checkpointAt = 13;

interface Page {
  readonly words: Uint32Array;
  readonly leases: BigInt64Array;
}

/**
 * The index's numbers about each key, in rows of 56 bytes outside of V8's heap: a million keys are no objects that a
 * garbage collection would walk. A row keeps its number for as long as its key is in the index.
 */
export class KeyRows {
  readonly #pages: Page[] = [];
  /** The first row that was never used. */
  #unused = 1;
  /** The first free row; its `main` is the number of the next one. */
  #free = noRow;
  #used = 0;

  /** Bytes of all rows, used or not. */
  get bytes(): number {
    return this.#pages.length * rowsOfPage * bytesOfRow;
  }

  /** Bytes of the rows in use. */
  get usedBytes(): number {
    return this.#used * bytesOfRow;
  }

  /** A row whose fields are all 0. */
  take(): Row {
    this.#used++;
    let row = this.#free;
    if (row !== noRow) this.#free = this.main(row);
    else {
      row = this.#unused++;
      if (row >>> rowBits >= this.#pages.length) this.#addPage();
    }
    const at = (row & rowMask) * wordsOfRow;
    this.#page(row).words.fill(0, at, at + wordsOfRow);
    return row;
  }

  give(row: Row): void {
    this.#used--;
    this.setMain(row, this.#free);
    this.#free = row;
  }

  /** Main revision of the newest record. */
  main(row: Row): number {
    return this.#number(row, mainAt);
  }

  setMain(row: Row, main: number): void {
    this.#setNumber(row, mainAt, main);
  }

  /** Number of the newest record among the changes of its revision. */
  sub(row: Row): number {
    return this.#word(row, subAt);
  }

  setSub(row: Row, sub: number): void {
    this.#setWord(row, subAt, sub);
  }

  /** Main revision that began the current generation; 0 when the newest record is a tombstone. */
  createRevision(row: Row): number {
    return this.#number(row, createAt);
  }

  setCreateRevision(row: Row, revision: number): void {
    this.#setNumber(row, createAt, revision);
  }

  /** Number of puts in the current generation; 0 when the newest record is a tombstone. */
  version(row: Row): number {
    return this.#number(row, versionAt);
  }

  setVersion(row: Row, version: number): void {
    this.#setNumber(row, versionAt, version);
  }

  /** Lease that the newest record names; 0 means none. */
  leaseId(row: Row): bigint {
    // Most keys have no lease, and reading a bigint makes an object.
    if (!this.hasLease(row)) return 0n;
    return this.#page(row).leases[((row & rowMask) * wordsOfRow + leaseAt) / 2] ?? 0n;
  }

  hasLease(row: Row): boolean {
    const { words } = this.#page(row);
    const at = (row & rowMask) * wordsOfRow + leaseAt;
    return words[at] !== 0 || words[at + 1] !== 0;
  }

  setLeaseId(row: Row, leaseId: bigint): void {
    this.#page(row).leases[((row & rowMask) * wordsOfRow + leaseAt) / 2] = leaseId;
  }

  /** Bytes of the newest record's value as it is stored. */
  bytesOf(row: Row): number {
    return this.#word(row, bytesAt);
  }

  setBytes(row: Row, bytes: number): void {
    this.#setWord(row, bytesAt, bytes);
  }

  /** The block of the older records; `noBlock` when there are none. */
  older(row: Row): Block {
    return this.#word(row, olderAt);
  }

  olderCount(row: Row): number {
    return this.#word(row, olderCountAt);
  }

  setOlder(row: Row, older: Block, count: number): void {
    this.#setWord(row, olderAt, count === 0 ? noBlock : older);
    this.#setWord(row, olderCountAt, count);
  }

  /** The place of the newest value in the value cache; 0 when it is not there. The cache owns this field. */
  cachePlace(row: Row): number {
    return this.#word(row, cacheAt);
  }

  setCachePlace(row: Row, place: number): void {
    this.#setWord(row, cacheAt, place);
  }

  /** Number of the last checkpoint that the key is in; 0 for none. */
  checkpoint(row: Row): number {
    return this.#word(row, checkpointAt);
  }

  setCheckpoint(row: Row, checkpoint: number): void {
    this.#setWord(row, checkpointAt, checkpoint);
  }

  #number(row: Row, field: number): number {
    return readWords(this.#page(row).words, (row & rowMask) * wordsOfRow + field);
  }

  #setNumber(row: Row, field: number, value: number): void {
    writeWords(this.#page(row).words, (row & rowMask) * wordsOfRow + field, value);
  }

  #word(row: Row, field: number): number {
    return this.#page(row).words[(row & rowMask) * wordsOfRow + field] ?? 0;
  }

  #setWord(row: Row, field: number, value: number): void {
    this.#page(row).words[(row & rowMask) * wordsOfRow + field] = value;
  }

  #page(row: Row): Page {
    return this.#pages[row >>> rowBits] as Page;
  }

  #addPage(): void {
    const buffer = new ArrayBuffer(rowsOfPage * bytesOfRow);
    this.#pages.push({ words: new Uint32Array(buffer), leases: new BigInt64Array(buffer) });
  }
}
