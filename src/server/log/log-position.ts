import { assert, type Clock, doneWithin, EtcdError } from "../../base/index.js";
import type { Asked } from "../consensus/contract.js";

/** How long a request waits for what is committed to be applied. */
const applyTimeoutMs = 1_000;

/** The term of the entries with which a cluster is founded. The first leader that is elected has a later one. */
const foundingTerm = 1;

interface Waiter {
  readonly index: number;
  readonly resolve: () => void;
}

/**
 * The committed and applied positions in the raft log: `applied <= committed`. The raft and apply loops update them.
 */
export class LogPosition {
  #committed: number;
  #applied: number;
  #term: number;
  /** The waiters, in ascending order of their index. */
  readonly #waiters: Waiter[] = [];
  readonly #onFounded: (() => void)[] = [];
  readonly #commitIndex: () => Asked<number>;

  /** @param commitIndex asks consensus for its commit index, of which `committed` may not have heard yet */
  constructor(index: number, term: number, commitIndex: () => Asked<number> = () => this.#committed) {
    this.#commitIndex = commitIndex;
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

  /** The term of the last applied entry, which response headers contain. */
  get term(): number {
    return this.#term;
  }

  commitTo(index: number): void {
    if (index > this.#committed) this.#committed = index;
  }

  /** Records that the entry at `index` has been applied, and wakes its waiters. */
  applyTo(index: number, term: number): void {
    assert(index === this.#applied + 1, "entries are applied one after the other");
    assert(index <= this.#committed, "only committed entries are applied");
    this.#moveTo(index, term);
  }

  /** Records that a snapshot at `index` has replaced the state. */
  jumpTo(index: number, term: number): void {
    assert(index > this.#applied, "a received state is ahead of this one");
    this.commitTo(index);
    this.#moveTo(index, term);
  }

  /** Resolves when the committed entry at `index` has been applied; never, if the member stops before. */
  whenApplied(index: number): Promise<void> {
    if (index <= this.#applied) return Promise.resolve();
    return new Promise((resolve) => {
      const later = this.#waiters.findIndex((other) => other.index > index);
      this.#waiters.splice(later < 0 ? this.#waiters.length : later, 0, { index, resolve });
    });
  }

  /** Resolves when an entry of an elected leader has been applied, and so all entries that found the cluster. */
  whenFounded(): Promise<void> {
    if (this.#term > foundingTerm) return Promise.resolve();
    return new Promise((resolve) => this.#onFounded.push(resolve));
  }

  /** Whether all that is committed has been applied; false also when that takes a question to find out. */
  get isAllApplied(): boolean {
    const committed = this.#commitIndex();
    return typeof committed === "number" && this.#applied >= committed;
  }

  /**
   * Resolves when all that is committed at the call has been applied.
   *
   * @throws EtcdError `timeoutWaitApplied` after a second
   */
  async allApplied(clock: Clock): Promise<void> {
    const committed = this.#commitIndex();
    if (typeof committed === "number" && this.#applied >= committed) return;
    const applied = typeof committed === "number" ? this.whenApplied(committed) : committed.then(this.#whenApplied);
    if (!(await doneWithin(clock, applyTimeoutMs, applied))) throw new EtcdError("timeoutWaitApplied");
  }

  readonly #whenApplied = (index: number): Promise<void> => this.whenApplied(index);

  #moveTo(index: number, term: number): void {
    this.#applied = index;
    this.#term = term;
    if (term > foundingTerm) for (const resolve of this.#onFounded.splice(0)) resolve();
    const waiters = this.#waiters;
    while (waiters[0] !== undefined && waiters[0].index <= index) waiters.shift()?.resolve();
  }
}
