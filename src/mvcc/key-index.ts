import { assert, type Key } from "../base/index.js";
import { type DropRecord, KeyEntry } from "./key-entry.js";
import { KeyTree } from "./key-tree.js";

/** Progress of a pass over the whole index. */
export interface IndexSlice {
  /** Key at which to continue; undefined at the end. */
  readonly next: Key | undefined;
  /** Whether any record at or below the compacted revision is kept. */
  readonly kept: boolean;
}

/** All keys of the store in order, with the revisions at which each of them changed. */
export class KeyIndex {
  readonly #tree = new KeyTree<KeyEntry>();
  #newest = 0;

  /** Number of keys that exist now. */
  get alive(): number {
    return this.#tree.alive;
  }

  get(key: Key): KeyEntry | undefined {
    return this.#tree.get(key);
  }

  put(key: Key, main: number, sub: number): KeyEntry {
    return this.#record(key, new KeyEntry(main, sub, main, 1));
  }

  /** Deletes a key, which exists. */
  bury(key: Key, entry: KeyEntry, main: number, sub: number): void {
    assert(entry.alive, "only a key that exists is deleted");
    this.#newest = main;
    entry.bury(main, sub);
    this.#tree.changed(key, entry);
  }

  /**
   * Adds a stored record; records come oldest first. The first record of a key may be in the middle of a generation,
   * whose beginning was compacted: `version` and `createRevision` tell. Both are 0 for a tombstone.
   */
  restore(key: Key, main: number, sub: number, createRevision: number, version: number): KeyEntry {
    return this.#record(key, new KeyEntry(main, sub, createRevision, version));
  }

  /**
   * Visits the keys of `[low, high)` in order, including deleted ones, until `visit` returns false. `visit` must not
   * write.
   */
  walk(low: Key, high: Key | undefined, visit: (key: Key, entry: KeyEntry) => boolean): void {
    this.#tree.walk(low, high, visit);
  }

  /**
   * Number of keys of `[low, high)` at revision `at`, without a walk. Undefined when the index holds changes above
   * `at`: then only a walk can tell.
   */
  count(low: Key, high: Key | undefined, at: number): number | undefined {
    return at < this.#newest ? undefined : this.#tree.count(low, high);
  }

  /** Compacts the keys from `low` on until `full` returns true, which is asked before each key. */
  compactSlice(low: Key, revision: number, drop: DropRecord, full: () => boolean): IndexSlice {
    const gone: Key[] = [];
    let next: Key | undefined;
    let kept = false;
    this.#tree.walk(low, undefined, (key, entry) => {
      if (full()) {
        next = key;
        return false;
      }
      const outcome = entry.compact(revision, drop);
      if (outcome === "gone") gone.push(key);
      if (outcome === "kept") kept = true;
      return true;
    });
    for (const key of gone) this.#tree.delete(key);
    return { next, kept };
  }

  /** Adds `record` to the entry of the key; a new key gets `record` itself as its entry. */
  #record(key: Key, record: KeyEntry): KeyEntry {
    this.#newest = record.main;
    const entry = this.#tree.getOrInsert(key, record);
    if (entry === record) return entry;
    const wasAlive = entry.alive;
    if (record.alive) entry.put(record.main, record.sub);
    else entry.bury(record.main, record.sub);
    if (entry.alive !== wasAlive) this.#tree.changed(key, entry);
    return entry;
  }
}
