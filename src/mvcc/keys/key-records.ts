import {
  type Arena,
  assert,
  type Block,
  blockBytes,
  noBlock,
  readWords,
  wordOffset,
  writeWords,
} from "../../base/index.js";
import { KeyRows, type Row } from "./key-rows.js";

/**
 * Bytes of an older record: its main revision in eight, twice its sub (plus one for a tombstone) in four, and the bytes
 * of its value in four.
 */
const recordBytes = 16;
export const wordsOfRecord = recordBytes / 4;
/** The most records of one key that a compaction drops at once: about two milliseconds. Others have few. */
const droppedAtOnceMax = 5_000;
/** So many records are moved faster by a loop than through a view of them. */
const movedOneByOneMax = 16;
const noWords = new Uint32Array(0);

/** Receives a record that a compaction drops, and the bytes of its stored value. */
export type DropRecord = (main: number, sub: number, isTombstone: boolean, bytes: number) => void;

/**
 * The records of each key: the newest one in its row, older ones in a block that most keys do not have. A record is a
 * put or a tombstone; a generation is a run of puts up to its tombstone. The versions and creation revisions of older
 * records are not kept: they are in the stored values, and writes need only the newest.
 *
 * The position of a record counts from the oldest; `olderCount` is the position of the newest.
 */
export class KeyRecords {
  readonly rows = new KeyRows();
  /** Number of records of all keys. */
  count = 0;
  readonly #arena: Arena;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Makes the row of a key with one record. */
  add(main: number, sub: number, createRevision: number, version: number): Row {
    const { rows } = this;
    this.count++;
    const row = rows.take();
    rows.setMain(row, main);
    rows.setSub(row, sub);
    rows.setCreateRevision(row, createRevision);
    rows.setVersion(row, version);
    return row;
  }

  /** Frees the row of a key whose records are all dropped. */
  remove(row: Row): void {
    const { rows } = this;
    assert(rows.cachePlace(row) === 0, "a key that is gone has no cached value");
    this.count -= 1 + rows.olderCount(row);
    this.#setOlder(row, 0);
    rows.give(row);
  }

  alive(row: Row): boolean {
    return this.rows.version(row) > 0;
  }

  /** Adds a put at a revision above all others; it begins a generation when the key was deleted. */
  put(row: Row, main: number, sub: number): void {
    const { rows } = this;
    this.#retire(row);
    const version = rows.version(row);
    if (version === 0) rows.setCreateRevision(row, main);
    rows.setVersion(row, version + 1);
    rows.setMain(row, main);
    rows.setSub(row, sub);
  }

  /** Adds a delete at a revision above all others; the key must exist. */
  bury(row: Row, main: number, sub: number): void {
    const { rows } = this;
    this.#retire(row);
    rows.setMain(row, main);
    rows.setSub(row, sub);
    rows.setCreateRevision(row, 0);
    rows.setVersion(row, 0);
  }

  /**
   * Position of the newest record with a main revision of at most `at`, if it is a put. -1 means that the key did not
   * exist.
   */
  visibleAt(row: Row, at: number): number {
    const { rows } = this;
    if (rows.main(row) <= at) return rows.version(row) > 0 ? rows.olderCount(row) : -1;
    const position = this.#lastAtMost(row, at);
    return position >= 0 && !this.#isTombstone(row, position) ? position : -1;
  }

  /** The bytes of the stored value that is visible at revision `at`; 0 when the key did not exist. */
  bytesAt(row: Row, at: number): number {
    const position = this.visibleAt(row, at);
    if (position < 0) return 0;
    return position === this.rows.olderCount(row) ? this.rows.bytesOf(row) : this.#olderBytes(row, position);
  }

  mainAt(row: Row, position: number): number {
    const { rows } = this;
    return position === rows.olderCount(row) ? rows.main(row) : this.#olderMain(row, position);
  }

  subAt(row: Row, position: number): number {
    const { rows } = this;
    return position === rows.olderCount(row) ? rows.sub(row) : this.#olderMark(row, position) >>> 1;
  }

  /** Whether the index holds this record, that is, whether it is not compacted. */
  has(row: Row, main: number, sub: number): boolean {
    const { rows } = this;
    if (main === rows.main(row) && sub === rows.sub(row)) return true;
    for (let position = this.#lastAtMost(row, main); position >= 0; position--) {
      if (this.#olderMain(row, position) !== main) return false;
      if (this.subAt(row, position) === sub) return true;
    }
    return false;
  }

  /**
   * Drops the records that no read at `revision` or later can see: all before the newest with main <= `revision`, and
   * that one, too, if it is a tombstone. A tombstone at `revision` itself stays: a watch may start there and must see
   * it.
   *
   * @param drop called for each dropped record, the oldest first
   * @returns "more" when the key has so many records that only the oldest of them were dropped, and it must be called
   *   again; "gone" when nothing is left, "kept" when a record at or below `revision` stays, otherwise "untouched"
   */
  compact(row: Row, revision: number, drop: DropRecord): "more" | "gone" | "kept" | "untouched" {
    const { rows } = this;
    const main = rows.main(row);
    if (main <= revision) {
      if (!this.#dropOlder(row, rows.olderCount(row), drop)) return "more";
      if (rows.version(row) > 0 || main === revision) return "kept";
      drop(main, rows.sub(row), true, rows.bytesOf(row));
      return "gone";
    }
    const newest = this.#lastAtMost(row, revision);
    if (newest < 0) return "untouched";
    const keep = !this.#isTombstone(row, newest) || this.#olderMain(row, newest) === revision;
    if (!this.#dropOlder(row, keep ? newest : newest + 1, drop)) return "more";
    return keep ? "kept" : "untouched";
  }

  /** Drops all records at or below `revision`, the oldest first. @returns whether nothing is left */
  forget(row: Row, revision: number, drop: DropRecord): boolean {
    const { rows } = this;
    if (rows.main(row) > revision) {
      this.#dropOlder(row, this.#lastAtMost(row, revision) + 1, drop, Number.POSITIVE_INFINITY);
      return false;
    }
    this.#dropOlder(row, rows.olderCount(row), drop, Number.POSITIVE_INFINITY);
    drop(rows.main(row), rows.sub(row), !this.alive(row), rows.bytesOf(row));
    return true;
  }

  /**
   * The older records as they are kept, the oldest first, `wordsOfRecord` words each: a view that is valid until the
   * index changes.
   */
  older(row: Row): Uint32Array {
    const count = this.rows.olderCount(row);
    if (count === 0) return noWords;
    const block = this.rows.older(row);
    const at = wordOffset(block);
    return this.#arena.segment(block).words.subarray(at, at + wordsOfRecord * count);
  }

  /** Gives a row that has no older records `count` of them. @returns their words as in `older`, to be filled */
  addOlder(row: Row, count: number): Uint32Array {
    assert(this.rows.olderCount(row) === 0, "older records are added to a row without any");
    this.count += count;
    this.#setOlder(row, count);
    return this.older(row);
  }

  /** Drops the oldest `wanted` of the older records, or the oldest `most` of them. @returns whether it dropped all */
  #dropOlder(row: Row, wanted: number, drop: DropRecord, most = droppedAtOnceMax): boolean {
    const count = Math.min(wanted, most);
    for (let position = 0; position < count; position++) {
      const mark = this.#olderMark(row, position);
      drop(this.#olderMain(row, position), mark >>> 1, (mark & 1) === 1, this.#olderBytes(row, position));
    }
    this.count -= count;
    if (count > 0) this.#setOlder(row, this.rows.olderCount(row) - count);
    return count === wanted;
  }

  /** Moves the newest record to the older ones, before another record takes its fields. */
  #retire(row: Row): void {
    const { rows } = this;
    this.count++;
    const position = rows.olderCount(row);
    this.#setOlder(row, position + 1);
    const block = rows.older(row);
    const { words } = this.#arena.segment(block);
    const at = wordOffset(block) + 4 * position;
    writeWords(words, at, rows.main(row));
    words[at + 2] = 2 * rows.sub(row) + (rows.version(row) === 0 ? 1 : 0);
    words[at + 3] = rows.bytesOf(row);
  }

  /** Makes room for `count` older records; those that are there and fit stay, the newest first. */
  #setOlder(row: Row, count: number): void {
    const { rows } = this;
    const arena = this.#arena;
    const [before, countBefore] = [rows.older(row), rows.olderCount(row)];
    const fits =
      count > 0 && countBefore > 0 && blockBytes(count * recordBytes) === blockBytes(countBefore * recordBytes);
    const block = fits ? before : count === 0 ? noBlock : arena.take(count * recordBytes);
    const kept = Math.min(count, countBefore);
    if (kept > 0 && (block !== before || kept < countBefore)) this.#moveOlder(before, countBefore - kept, block, kept);
    if (block !== before && countBefore > 0) arena.give(before, countBefore * recordBytes);
    rows.setOlder(row, block, count);
  }

  /** Moves `count` records, from position `from` of one block on, to the beginning of another or the same block. */
  #moveOlder(before: Block, from: number, block: Block, count: number): void {
    const source = this.#arena.segment(before).words;
    const low = wordOffset(before) + wordsOfRecord * from;
    const end = low + wordsOfRecord * count;
    const target = this.#arena.segment(block).words;
    const to = wordOffset(block);
    if (source === target) source.copyWithin(to, low, end);
    else if (count > movedOneByOneMax) target.set(source.subarray(low, end), to);
    else for (let word = low; word < end; word++) target[to + word - low] = source[word] ?? 0;
  }

  #olderMain(row: Row, position: number): number {
    const block = this.rows.older(row);
    if (block === noBlock || position < 0) return 0;
    return readWords(this.#arena.segment(block).words, wordOffset(block) + 4 * position);
  }

  #olderMark(row: Row, position: number): number {
    return this.#olderWord(this.rows.older(row), 4 * position + 2);
  }

  #olderBytes(row: Row, position: number): number {
    return this.#olderWord(this.rows.older(row), 4 * position + 3);
  }

  #olderWord(block: Block, word: number): number {
    return this.#arena.segment(block).words[wordOffset(block) + word] ?? 0;
  }

  #isTombstone(row: Row, position: number): boolean {
    return (this.#olderMark(row, position) & 1) === 1;
  }

  /** Position of the last older record with main <= `at`; -1 when there is none. */
  #lastAtMost(row: Row, at: number): number {
    let low = 0;
    let high = this.rows.olderCount(row);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#olderMain(row, middle) <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
