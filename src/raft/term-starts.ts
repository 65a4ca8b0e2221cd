import { assert } from "../base/index.js";

/** The index of an entry, and its term. */
interface Position {
  readonly index: number;
  readonly term: number;
}

/**
 * The term of every position from the compacted one to the end of a log, as the positions at which a term begins. Terms
 * change with the leader, so these are few, and no entry has to be read back for its term.
 */
export class TermStarts {
  /** In order; the first one is at the compacted position or before it. */
  #starts: Position[];

  constructor(compacted: Position) {
    this.#starts = [compacted];
  }

  /** Adds the entry behind the last one. */
  add({ index, term }: Position): void {
    if (this.#starts.at(-1)?.term !== term) this.#starts.push({ index, term });
  }

  /** Forgets the terms from `index` on, which lies behind the compacted position. */
  cutFrom(index: number): void {
    while ((this.#starts.at(-1)?.index ?? 0) >= index) this.#starts.pop();
  }

  /** Forgets the terms before `compacted`. */
  compact(compacted: Position): void {
    this.#starts = [compacted, ...this.#starts.filter(({ index }) => index > compacted.index)];
  }

  /** @param index of the compacted position, or of an entry that the log holds */
  at(index: number): number {
    const start = this.#starts.findLast((each) => each.index <= index);
    assert(start !== undefined, "the log holds every entry between its ends");
    return start.term;
  }
}
