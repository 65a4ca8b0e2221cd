import { assert } from "../../base/index.js";

interface Waiter {
  readonly index: number;
  readonly resolve: () => void;
}

/**
 * How far this member has come in the raft log: `applied <= committed`. The loops write it, everybody reads it.
 */
export class LogPosition {
  #committed: number;
  #applied: number;
  #term: number;
  /** Ascending by index. */
  readonly #waiters: Waiter[] = [];

  constructor(index: number, term: number) {
    this.#committed = index;
    this.#applied = index;
    this.#term = term;
  }

  get committed(): number {
    return this.#committed;
  }

  get applied(): number {
    return this.#applied;
  }

  /** Term of the entry that was applied last; what response headers carry. */
  get term(): number {
    return this.#term;
  }

  commitTo(index: number): void {
    if (index > this.#committed) this.#committed = index;
  }

  /** The entry at `index` has been applied; whoever waited for it goes on. */
  applyTo(index: number, term: number): void {
    assert(index === this.#applied + 1, "entries are applied one after the other");
    assert(index <= this.#committed, "only committed entries are applied");
    this.#moveTo(index, term);
  }

  /** A state as of `index` has taken the place of this one. */
  jumpTo(index: number, term: number): void {
    assert(index > this.#applied, "a received state is ahead of this one");
    this.commitTo(index);
    this.#moveTo(index, term);
  }

  /** Resolves when `index`, which is committed, has been applied; never, when the member stops before that. */
  whenApplied(index: number): Promise<void> {
    if (index <= this.#applied) return Promise.resolve();
    return new Promise((resolve) => {
      const later = this.#waiters.findIndex((other) => other.index > index);
      this.#waiters.splice(later < 0 ? this.#waiters.length : later, 0, { index, resolve });
    });
  }

  #moveTo(index: number, term: number): void {
    this.#applied = index;
    this.#term = term;
    const waiters = this.#waiters;
    while (waiters[0] !== undefined && waiters[0].index <= index) waiters.shift()?.resolve();
  }
}
