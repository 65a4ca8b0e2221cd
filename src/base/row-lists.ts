import type { FlatRows } from "./flat-rows.js";

/** A walk through a list. */
export interface RowWalk {
  /** The row that the walk reaches next; 0 at the end. */
  next: number;
}

/**
 * Doubly linked lists of rows, through two fields of each row: a row is in one of these lists at most. A list is known
 * by its first row, which its owner keeps; 0 is the empty list. In front of the first row stands the last one.
 */
export class RowLists {
  readonly #rows: FlatRows;
  readonly #nextAt: number;
  readonly #previousAt: number;
  /** Walks under way: few, if any. */
  readonly #walks = new Set<RowWalk>();

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
    const walk = this.walk(first);
    try {
      for (let row = this.step(walk); row !== 0; row = this.step(walk)) yield row;
    } finally {
      this.end(walk);
    }
  }

  /**
   * Begins a walk through a list. Between two of its rows, rows may be removed from the list; the walk skips these.
   * Every walk must be ended.
   */
  walk(first: number): RowWalk {
    const walk = { next: first };
    this.#walks.add(walk);
    return walk;
  }

  /** The row that a walk has reached, which moves on; 0 at the end. */
  step(walk: RowWalk): number {
    const row = walk.next;
    if (row !== 0) walk.next = this.next(row);
    return row;
  }

  end(walk: RowWalk): void {
    this.#walks.delete(walk);
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
