import { assert, type Key } from "../base/index.js";
import { KeyValue } from "../wire/index.js";
import type { Change } from "./change.js";
import { upperBoundOf } from "./key-index.js";
import { rangeAt } from "./range-scan.js";
import type { KeyHead, RangeOptions, RangeResult, Reader } from "./reader.js";
import { revisionKey, tombstoneKey } from "./revision.js";
import type { StoreState } from "./store-state.js";

/**
 * The writes of one request: one revision, its changes numbered in the order they are made. Everything between
 * `beginWrite` and `end` happens without an `await`, so nobody sees half of it, in memory or on disk.
 */
export class WriteTxn implements Reader {
  /** Of the state it writes on. */
  readonly revision: number;
  readonly #state: StoreState;
  readonly #finish: (changes: readonly Change[]) => void;
  readonly #changes: Change[] = [];
  #open = true;

  constructor(state: StoreState, finish: (changes: readonly Change[]) => void) {
    this.revision = state.revision;
    this.#state = state;
    this.#finish = finish;
  }

  /** What was written so far, in order. */
  get changes(): readonly Change[] {
    return this.#changes;
  }

  range(key: Key, end: Key, options: RangeOptions = {}): RangeResult {
    return rangeAt(this.#state, this.#current, key, end, options);
  }

  head(key: Key): KeyHead | undefined {
    return this.#state.head(key, this.#current);
  }

  /** @returns the revision of this transaction's changes */
  put(key: Key, value: Uint8Array, leaseId: bigint): number {
    const { backend, cache, counters, index } = this.#state;
    const main = this.#beginChange();
    const sub = this.#changes.length;
    counters.putBytes += key.length + value.length;
    const entry = index.put(key, main, sub);
    const { createRevision, version } = entry;
    const kv = KeyValue.encode({ key, createRevision, modRevision: main, version, value, lease: leaseId });
    backend.put("key", revisionKey(main, sub), kv);
    cache.set(entry, kv);
    this.#changes.push({ type: "put", key, kv, modRevision: main, createRevision, version, leaseId });
    return main;
  }

  /** Deletes the keys of a range, in key order; `end` as for `range`. Returns how many there were. */
  deleteRange(key: Key, end: Key): number {
    if (end === "") {
      if (this.head(key) === undefined) return 0;
      this.#delete(key);
      return 1;
    }
    const keys: Key[] = [];
    this.#state.index.walk(key, upperBoundOf(end), (found, entry) => {
      if (entry.alive) keys.push(found);
      return true;
    });
    for (const found of keys) this.#delete(found);
    return keys.length;
  }

  /** Makes the changes readable and tells them; a transaction without any leaves no trace. */
  end(): void {
    assert(this.#open, "a transaction ends once");
    this.#open = false;
    this.#finish(this.#changes);
  }

  get #current(): number {
    return this.#changes.length > 0 ? this.revision + 1 : this.revision;
  }

  #delete(key: Key): void {
    const { backend, cache, index } = this.#state;
    const main = this.#beginChange();
    const sub = this.#changes.length;
    cache.drop(index.bury(key, main, sub));
    // Stored without its revision, which the stored key tells; an event tells it in the pair.
    backend.put("key", tombstoneKey(main, sub), storedTombstone(key));
    this.#changes.push(deletion(key, main));
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
export function deletion(key: Key, modRevision: number): Change {
  const kv = KeyValue.encode(KeyValue.create({ key, modRevision }));
  return { type: "delete", key, kv, modRevision, createRevision: 0, version: 0, leaseId: 0n };
}
