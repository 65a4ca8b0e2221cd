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
import { type Encoded, KeyValue } from "../wire/index.js";
import type { Change } from "./change.js";
import type { KeyEntry } from "./key-entry.js";
import { rangeAt, rangeInStepsAt } from "./range-scan.js";
import type { KeyHead, RangeOptions, RangeResult, Reader } from "./reader.js";
import { revisionKey, tombstoneKey } from "./revision.js";
import type { StoreState } from "./store-state.js";

/** Keys of a range that are found before they are deleted: the index must not change while it is walked. */
const keysAtOnce = 256;
/** Deleting a key costs as much as going through so many bytes. */
const bytesOfDelete = 2048;

/** Makes the changes readable. Returns the steps that tell watchers of them, when those do not fit into this turn. */
type Finish = (changes: readonly Change[], budget: WorkBudget) => Steps<void> | undefined;

/**
 * The writes of one request: one revision, its changes numbered in the order they are made. Readers of the store see
 * none of them before `end`, however many turns of the event loop lie in between: they read at the store's revision.
 * On disk, changes that are made in several turns are kept together by whoever makes them (`Backend.hold`).
 */
export class WriteTxn implements Reader {
  /** Revision of the state that it writes on. */
  readonly revision: number;
  readonly #state: StoreState;
  readonly #finish: Finish;
  readonly #changes: Change[] = [];
  #open = true;

  constructor(state: StoreState, finishWrite: Finish) {
    this.revision = state.revision;
    this.#state = state;
    this.#finish = finishWrite;
  }

  /** What was written so far, in order. */
  get changes(): readonly Change[] {
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
    const entry = index.put(key, main, sub);
    const { createRevision, version } = entry;
    const previous = this.#cachedBefore(entry);
    const pair = { key, createRevision, modRevision: main, version, value, lease: leaseId };
    const kv = KeyValue.encoded(written.keep(KeyValue.encode(pair)));
    backend.put("key", revisionKey(main, sub), kv);
    cache.set(entry, kv);
    this.#changes.push({ type: "put", key, kv, previous, modRevision: main, createRevision, version, leaseId });
    return main;
  }

  /** Deletes the keys of a range, in key order; `end` as for `range`. Returns how many there were. */
  deleteRange(key: Key, end: Key): number {
    if (!isOneKey(end)) return finish(this.deleteInSteps(key, end, unboundedWork));
    if (this.head(key) === undefined) return 0;
    this.#delete(key);
    return 1;
  }

  /** As `deleteRange`, in steps. */
  *deleteInSteps(key: Key, end: Key, budget: WorkBudget): Steps<number> {
    if (isOneKey(end)) return this.deleteRange(key, "");
    const before = this.#changes.length;
    for (let low: Key | undefined = key; low !== undefined; ) {
      const found: Key[] = [];
      let next: Key | undefined;
      let over = false;
      this.#state.index.walk(low, upperBoundOf(end), (each, entry) => {
        if (entry.alive) found.push(each);
        over = budget.over(0);
        if (!over && found.length < keysAtOnce) return true;
        next = keyAfter(each);
        return false;
      });
      // All of them at once, whatever the budget says: a few hundred cost less than a millisecond.
      for (const each of found) this.#delete(each);
      low = next;
      if (low !== undefined && (budget.over(found.length * bytesOfDelete) || over)) yield;
    }
    return this.#changes.length - before;
  }

  /** Makes the changes readable and tells them; a transaction without any leaves no trace. */
  end(): void {
    const telling = this.endInSteps(unboundedWork);
    if (telling !== undefined) finish(telling);
  }

  /** As `end`. Returns the steps that tell watchers of the changes, when those do not fit into this turn. */
  endInSteps(budget: WorkBudget): Steps<void> | undefined {
    assert(this.#open, "a transaction ends once");
    this.#open = false;
    return this.#finish(this.#changes, budget);
  }

  get #current(): number {
    return this.#changes.length > 0 ? this.revision + 1 : this.revision;
  }

  #delete(key: Key): void {
    const { backend, cache, index, written } = this.#state;
    const main = this.#beginChange();
    const sub = this.#changes.length;
    const entry = index.bury(key, main, sub);
    const previous = this.#cachedBefore(entry);
    cache.drop(entry);
    // Stored without its revision, which the stored key tells; an event tells it in the pair.
    backend.put("key", tombstoneKey(main, sub), written.keep(storedTombstone(key)));
    this.#changes.push(deletion(key, main, previous));
  }

  /** The value that an entry had before this transaction, if it is the one that the cache still holds. */
  #cachedBefore(entry: KeyEntry): Encoded<KeyValue> | undefined {
    if (entry.value === undefined || entry.mainAt(entry.olderCount - 1) > this.revision) return undefined;
    return KeyValue.encoded(entry.value);
  }

  #beginChange(): number {
    assert(this.#open, "a transaction writes before it ends");
    return this.revision + 1;
  }
}

function storedTombstone(key: Key): Uint8Array {
  return KeyValue.encode(KeyValue.create({ key }));
}

/** The change that a tombstone stands for. */
export function deletion(key: Key, modRevision: number, previous?: Encoded<KeyValue>): Change {
  const kv = KeyValue.encode(KeyValue.create({ key, modRevision }));
  return { type: "delete", key, kv, previous, modRevision, createRevision: 0, version: 0, leaseId: 0n };
}
