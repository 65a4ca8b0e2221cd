import {
  assert,
  finish,
  isOneKey,
  type Key,
  keyAfter,
  type Steps,
  unboundedWork,
  upperBoundOf,
  type WorkBudget,
} from "../base/index.js";
import { type Encoded, encodeInto, KeyValue } from "../wire/index.js";
import { ChangeList } from "./change-list.js";
import { noRow, type Row } from "./keys/key-rows.js";
import { deleteMany, keysOfLargeDelete } from "./large-delete.js";
import { rangeAt, rangeInStepsAt } from "./range-scan.js";
import type { KeyHead, RangeOptions, RangeResult, Reader } from "./reader.js";
import { revisionKey, tombstoneKey } from "./revision.js";
import type { StoreState } from "./store-state.js";
import { storedTombstone } from "./stored-head.js";

/** Number of keys that are found before they are deleted: the index must not change while it is walked. */
const keysAtOnce = 256;
/** Cost of deleting a key, in the unit of `WorkBudget`: bytes that could be read in the same time. */
const bytesOfDelete = 2048;

/** Makes the changes readable. Returns the steps that tell watchers about them, if these do not fit into this turn. */
type Finish = (changes: ChangeList, budget: WorkBudget) => Steps<void> | undefined;

/**
 * The writes of one request make one revision; its changes are numbered in the order they are made. Readers of the
 * store see none of them before `end`, even when many turns of the event loop pass: they read at the store's revision.
 * When changes are made in several turns, the caller keeps them together on disk (`Backend.hold`).
 */
export class WriteTxn implements Reader {
  /** The revision that the transaction builds on. */
  readonly revision: number;
  readonly #state: StoreState;
  readonly #finish: Finish;
  readonly #changes: ChangeList;
  #open = true;

  constructor(state: StoreState, finishWrite: Finish) {
    this.revision = state.revision;
    this.#state = state;
    this.#finish = finishWrite;
    this.#changes = new ChangeList(state.revision + 1);
  }

  /** Changes made so far, in order. */
  get changes(): ChangeList {
    return this.#changes;
  }

  range(key: Key, end: Key, options: RangeOptions = {}): RangeResult {
    return rangeAt(this.#state, this.#current, key, end, options);
  }

  rangeInSteps(key: Key, end: Key, options: RangeOptions, budget: WorkBudget): Steps<RangeResult> {
    return rangeInStepsAt(this.#state, this.#current, key, end, options, budget);
  }

  head(key: Key): KeyHead | undefined {
    return this.#state.head(key, this.#current);
  }

  /** @returns the revision of this transaction's changes */
  put(key: Key, value: Uint8Array, leaseId: bigint): number {
    const { backend, cache, counters, index, written } = this.#state;
    const main = this.#beginChange();
    const sub = this.#changes.length;
    counters.putBytes += key.length + value.length;
    const row = index.put(key, main, sub);
    const { rows } = index.records;
    const createRevision = rows.createRevision(row);
    const version = rows.version(row);
    const previous = this.#cachedBefore(row);
    const pair = { key, createRevision, modRevision: main, version, value, lease: leaseId };
    // The batch, the cache and watchers share the bytes. What the cache does not keep lies with other written pairs.
    const kv = KeyValue.encoded(encodeInto(KeyValue, pair, (bytes) => cache.room(row, bytes) ?? written.room(bytes)));
    rows.setLeaseId(row, leaseId);
    rows.setBytes(row, kv.byteLength);
    backend.put("key", revisionKey(main, sub), kv);
    this.#changes.addPut({ type: "put", key, kv, previous, modRevision: main, createRevision, version, leaseId });
    return main;
  }

  /** Deletes the keys of a range in key order; `end` as for `range`. Returns the number of deleted keys. */
  deleteRange(key: Key, end: Key): number {
    if (!isOneKey(end)) return finish(this.deleteInSteps(key, end, unboundedWork));
    const { index } = this.#state;
    const row = index.get(key);
    if (row === noRow || !index.records.alive(row)) return 0;
    this.#delete(key, row);
    return 1;
  }

  /** Like `deleteRange`, in steps. */
  *deleteInSteps(key: Key, end: Key, budget: WorkBudget): Steps<number> {
    if (isOneKey(end)) return this.deleteRange(key, "");
    const { index } = this.#state;
    const before = this.#changes.length;
    if (index.countNow(key, upperBoundOf(end)) > keysOfLargeDelete) {
      const main = this.#beginChange();
      yield* deleteMany(this.#state, this.#changes, main, { low: key, high: upperBoundOf(end) }, budget);
      return this.#changes.length - before;
    }
    for (let low: Key | undefined = key; low !== undefined; ) {
      const found: Key[] = [];
      const rows: Row[] = [];
      let next: Key | undefined;
      let over = false;
      index.walk(low, upperBoundOf(end), (row, visited) => {
        if (index.records.alive(row)) {
          found.push(visited.key);
          rows.push(row);
        }
        over = budget.over(0);
        if (!over && found.length < keysAtOnce) return true;
        next = keyAfter(visited.key);
        return false;
      });
      // Delete all found keys at once, regardless of the budget: a few hundred cost less than a millisecond.
      for (const [at, row] of rows.entries()) this.#delete(found[at] ?? "", row);
      low = next;
      if (low !== undefined && (budget.over(found.length * bytesOfDelete) || over)) yield;
    }
    return this.#changes.length - before;
  }

  /** Makes the changes readable and tells watchers; a transaction without changes leaves no trace. */
  end(): void {
    const telling = this.endInSteps(unboundedWork);
    if (telling !== undefined) finish(telling);
  }

  /** Like `end`. Returns the steps that tell watchers about the changes, if these do not fit into this turn. */
  endInSteps(budget: WorkBudget): Steps<void> | undefined {
    assert(this.#open, "a transaction ends once");
    this.#open = false;
    return this.#finish(this.#changes, budget);
  }

  get #current(): number {
    return this.#changes.length > 0 ? this.revision + 1 : this.revision;
  }

  #delete(key: Key, row: Row): void {
    const { backend, cache, index, written } = this.#state;
    const main = this.#beginChange();
    const sub = this.#changes.length;
    index.bury(key, row, main, sub);
    const previous = this.#cachedBefore(row);
    cache.drop(row);
    // The stored pair omits the revision, which the stored key holds; the pair in the event includes it.
    const stored = storedTombstone(key, written);
    index.records.rows.setLeaseId(row, 0n);
    index.records.rows.setBytes(row, stored.byteLength);
    backend.put("key", tombstoneKey(main, sub), stored);
    this.#changes.addDelete(key, previous);
  }

  /** The pair that a key had before this transaction, if the cache still holds it. */
  #cachedBefore(row: Row): Encoded<KeyValue> | undefined {
    const { cache, index } = this.#state;
    const cached = cache.peek(row);
    if (cached === undefined) return undefined;
    const { records } = index;
    if (records.mainAt(row, records.rows.olderCount(row) - 1) > this.revision) return undefined;
    return KeyValue.encoded(cached);
  }

  #beginChange(): number {
    assert(this.#open, "a transaction writes before it ends");
    return this.revision + 1;
  }
}
