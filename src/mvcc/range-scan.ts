import { isOneKey, type Key, keyAfter, type Steps, upperBoundOf, type WorkBudget } from "../base/index.js";
import type { Encoded, KeyValue } from "../wire/index.js";
import type { KeyRecords } from "./keys/key-records.js";
import { noRow, type Row } from "./keys/key-rows.js";
import type { KeyHead, RangeOptions, RangeResult } from "./reader.js";
import { type RevisionBounds, withinCreateBounds, withinModBounds } from "./revision-bounds.js";
import type { StoreState } from "./store-state.js";

/** The most values that are brought into memory before a step when reads are slow. */
const aheadMax = 64;

/** Reads a range at one revision, at once or in steps. The store may change between steps; the answer does not. */
export class RangeScan {
  kvs: Encoded<KeyValue>[] = [];
  /** Number of keys of the whole range when the scan is done; before, that or the number of keys seen so far. */
  count = 0;
  readonly #state: StoreState;
  readonly #at: number;
  readonly #limit: number;
  readonly #keysOnly: boolean;
  readonly #bounds: RevisionBounds | undefined;
  readonly #high: Key | undefined;
  #low: Key | undefined;
  #pairs = 0;
  /** The number of next keys whose values have been brought into memory. */
  #planned = 0;
  /** Whether the reader waits for values of other threads. Another one wants all in one step. */
  #waits = false;
  /** `count` is that of the whole range: the scan ends with the last pair that it may read. */
  readonly #counted: boolean = false;

  /** @param limit the most pairs to read; 0 means none, Infinity all */
  constructor(
    state: StoreState,
    key: Key,
    end: Key,
    at: number,
    limit: number,
    { keysOnly = false, bounds }: Pick<RangeOptions, "keysOnly" | "bounds">,
  ) {
    this.#state = state;
    this.#at = at;
    this.#limit = limit;
    this.#keysOnly = keysOnly;
    this.#bounds = bounds;
    this.#high = upperBoundOf(end);
    if (isOneKey(end)) {
      const row = state.index.get(key);
      if (row !== noRow) this.#take(row, { key });
      return;
    }
    this.#low = key;
    if (limit === Number.POSITIVE_INFINITY) return; // every key is visited anyway
    const count = state.index.count(key, this.#high, at);
    if (count === undefined) return;
    this.count = count;
    this.#counted = true;
    if (limit === 0) this.#low = undefined;
  }

  get done(): boolean {
    return this.#low === undefined;
  }

  /** Key with which the next step begins; undefined when the scan is done. */
  get next(): Key | undefined {
    return this.#low;
  }

  /** Returns the pairs read since the last call; the scan forgets them. */
  take(): Encoded<KeyValue>[] {
    const taken = this.kvs;
    this.kvs = [];
    return taken;
  }

  /**
   * Brings the values of the next step into memory, on other threads, when the disk has been slow lately. To be awaited
   * before `step`, which then reads no further; undefined when there is nothing to wait for.
   */
  ahead(): Promise<void> | undefined {
    const state = this.#state;
    this.#waits = true;
    if (this.#planned > 0 || !state.cold.expected || this.#keysOnly || this.#low === undefined) return undefined;
    const room = Math.min(aheadMax, this.#limit - this.#pairs);
    const stored: Uint8Array[] = [];
    let keys = 0;
    state.index.walk(this.#low, this.#high, (row) => {
      keys++;
      const position = state.index.records.visibleAt(row, this.#at);
      const key = position < 0 ? undefined : state.uncached(row, position);
      if (key !== undefined) stored.push(key);
      return stored.length < room && keys < aheadMax * 16;
    });
    this.#planned = keys;
    return stored.length === 0 ? undefined : state.cold.readAhead(stored);
  }

  /** Reads on until `over` returns true; `over` gets the number of bytes read after each key. */
  step(over: (bytes: number) => boolean): void {
    const low = this.#low;
    if (low === undefined) return;
    this.#low = undefined;
    const isPlanned = this.#planned > 0;
    this.#state.index.walk(low, this.#high, (row, visited) => {
      const bytes = this.#take(row, visited);
      if (this.#counted && this.#pairs >= this.#limit) return false;
      // Behind these keys, or after a slow read, the next values are read on other threads first.
      const isSlow = this.#waits && bytes > 0 && !this.#keysOnly && this.#state.cold.expected;
      const ends = isPlanned ? --this.#planned === 0 : isSlow;
      if (!over(bytes) && !ends) return true;
      this.#low = keyAfter(visited.key);
      return false;
    });
  }

  /** @returns the bytes of the pair that was read */
  #take(row: Row, named: Named): number {
    const state = this.#state;
    const { records } = state.index;
    const position = records.visibleAt(row, this.#at);
    if (position < 0) return 0;
    if (!this.#counted) this.count++;
    if (this.#pairs >= this.#limit) return 0;
    if (this.#bounds !== undefined && isOutside(this.#bounds, records, row, position)) return 0;
    this.#pairs++;
    const kv = this.#keysOnly ? state.readWithoutValue(named.key, row, position) : state.read(row, position);
    this.kvs.push(kv);
    return kv.byteLength;
  }
}

/** A key whose name is made only when it is asked for. */
interface Named {
  readonly key: Key;
}

/** Whether a record is known to be outside of the bounds: the creation revisions of older ones are on disk only. */
function isOutside(bounds: RevisionBounds, records: KeyRecords, row: Row, position: number): boolean {
  if (!withinModBounds(bounds, records.mainAt(row, position))) return true;
  const { rows } = records;
  return position === rows.olderCount(row) && !withinCreateBounds(bounds, rows.createRevision(row));
}

/** Reads a whole range at once. `current` is the newest revision that may be read. */
export function rangeAt(state: StoreState, current: number, key: Key, end: Key, options: RangeOptions): RangeResult {
  const at = state.readable(options.revision ?? 0, current);
  const scan = new RangeScan(state, key, end, at, pairsMax(options), options);
  scan.step(() => false);
  return { kvs: scan.kvs, count: scan.count, revision: current };
}

/** Like `rangeAt`, in steps. */
export function* rangeInStepsAt(
  state: StoreState,
  current: number,
  key: Key,
  end: Key,
  options: RangeOptions,
  budget: WorkBudget,
): Steps<RangeResult> {
  const at = state.readable(options.revision ?? 0, current);
  const scan = new RangeScan(state, key, end, at, pairsMax(options), options);
  for (;;) {
    scan.step((bytes) => budget.over(bytes));
    if (scan.done) return { kvs: scan.kvs, count: scan.count, revision: current };
    yield;
  }
}

/**
 * Visits the state of each key of a range at revision `at`, without values, in key order, until `visit` returns false.
 */
export function* headsInStepsAt(
  state: StoreState,
  at: number,
  key: Key,
  end: Key,
  budget: WorkBudget,
  visit: (head: KeyHead) => boolean,
): Steps<void> {
  yield* rowsInSteps(state, key, end, budget, (row) => {
    const head = state.headOf(row, at);
    return head === undefined || visit(head) ? 0 : stop;
  });
}

/**
 * Visits the pair of each key of a range at revision `at`, in key order, until `visit` returns false.
 *
 * @param keysOnly reads the pairs without their values
 */
export function* pairsInStepsAt(
  state: StoreState,
  at: number,
  key: Key,
  end: Key,
  budget: WorkBudget,
  visit: (kv: Encoded<KeyValue>) => boolean,
  keysOnly: boolean,
): Steps<void> {
  yield* rowsInSteps(state, key, end, budget, (row, named) => {
    const position = state.index.records.visibleAt(row, at);
    if (position < 0) return 0;
    const kv = keysOnly ? state.readWithoutValue(named.key, row, position) : state.read(row, position);
    return visit(kv) ? kv.byteLength : stop;
  });
}

/** Returned by a visitor that wants no more entries. */
const stop = -1;

/** @param visit returns the number of bytes that it read, or `stop` */
function* rowsInSteps(
  state: StoreState,
  key: Key,
  end: Key,
  budget: WorkBudget,
  visit: (row: Row, named: Named) => number,
): Steps<void> {
  if (isOneKey(end)) {
    const row = state.index.get(key);
    if (row !== noRow) visit(row, { key });
    return;
  }
  const high = upperBoundOf(end);
  for (let low: Key | undefined = key; low !== undefined; ) {
    let next: Key | undefined;
    state.index.walk(low, high, (row, visited) => {
      const bytes = visit(row, visited);
      if (bytes === stop) return false;
      if (!budget.over(bytes)) return true;
      next = keyAfter(visited.key);
      return false;
    });
    low = next;
    if (low !== undefined) yield;
  }
}

/** The most pairs that these options allow to read. */
export function pairsMax({ limit = 0, countOnly = false }: RangeOptions): number {
  if (countOnly) return 0;
  return limit > 0 ? limit : Number.POSITIVE_INFINITY;
}
