import type { FlatRows } from "./flat-rows.js";

/**
 * Doubly linked lists of rows, through two fields of each row: a row is in one of these lists at most. A list is known
 * by its first row, which its owner keeps; 0 is the empty list. In front of the first row stands the last one.
 */
export class RowLists {
  readonly #rows: FlatRows;
  readonly #nextAt: number;
  readonly #previousAt: number;
  /** Walks under way: few, if any. */
  readonly #walks = new Set<{ next: number }>();

  constructor(rows: FlatRows, nextAt: number, previousAt: number) {
    this.#rows = rows;
    this.#nextAt = nextAt;
    this.#previousAt = previousAt;
  }

  /** The row after `row` in its list; 0 at the end. */
  next(row: number): number {
    return this.#rows.word(row, this.#nextAt);
  }

  /** The rows of a list, one by one. Between two of them, rows may be removed from it; the walk skips these. */
  *each(first: number): Generator<number, void, undefined> {
    const walk = { next: first };
    this.#walks.add(walk);
    try {
      while (walk.next !== 0) {
        const row = walk.next;
        walk.next = this.next(row);
        yield row;
      }
    } finally {
      this.#walks.delete(walk);
    }
  }

  /** Adds a row at the end of a list. @returns the first row of the list */
  append(first: number, row: number): number {
    const rows = this.#rows;
    rows.setWord(row, this.#nextAt, 0);
    if (first === 0) {
      rows.setWord(row, this.#previousAt, row);
      return row;
    }
    const last = rows.word(first, this.#previousAt);
    rows.setWord(last, this.#nextAt, row);
    rows.setWord(row, this.#previousAt, last);
    rows.setWord(first, this.#previousAt, row);
    return first;
  }

  /** Removes a row from the list that begins with `first`. @returns the first row of the list then */
  remove(first: number, row: number): number {
    const rows = this.#rows;
    const next = rows.word(row, this.#nextAt);
    if (this.#walks.size > 0) for (const walk of this.#walks) if (walk.next === row) walk.next = next;
    const previous = rows.word(row, this.#previousAt);
    const newFirst = row === first ? next : first;
    if (row !== first) rows.setWord(previous, this.#nextAt, next);
    if (newFirst !== 0) rows.setWord(next === 0 ? newFirst : next, this.#previousAt, previous);
    return newFirst;
  }
}
