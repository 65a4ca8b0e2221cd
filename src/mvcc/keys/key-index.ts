import { Arena, assert, type Key } from "../../base/index.js";
import { type DropRecord, KeyRecords } from "./key-records.js";
import type { Row } from "./key-rows.js";
import { KeyTree, type VisitedKey } from "./key-tree.js";

/** Progress of a pass over the whole index. */
export interface IndexSlice {
  /** Key at which to continue; undefined at the end. */
  readonly next: Key | undefined;
  /** Whether any record at or below the compacted revision is kept. */
  readonly kept: boolean;
}

/**
 * All keys of the store in order, with the revisions at which each of them changed. It lies outside of V8's heap: each
 * key has a row of numbers (`records.rows`), and a place in the tree, which knows its name.
 */
export class KeyIndex {
  readonly #arena = new Arena();
  readonly records = new KeyRecords(this.#arena);
  readonly #tree = new KeyTree(this.#arena, (row) => this.records.alive(row));
  #newest = 0;

  /** Number of keys that exist now. */
  get alive(): number {
    return this.#tree.alive;
  }

  /** Bytes of memory, all of them outside of V8's heap. They do not shrink: free ones wait for other keys. */
  get bytes(): number {
    return this.#arena.bytes + this.records.rows.bytes;
  }

  /** Bytes of memory that the keys and their records use. */
  get usedBytes(): number {
    return this.#arena.usedBytes + this.records.rows.usedBytes;
  }

  /** The row of a key; `noRow` when the index does not know the key. */
  get(key: Key): Row {
    return this.#tree.get(key);
  }

  put(key: Key, main: number, sub: number): Row {
    return this.#record(key, main, sub, main, 1);
  }

  /** Deletes a key, which exists. */
  bury(key: Key, row: Row, main: number, sub: number): void {
    const { records } = this;
    assert(records.alive(row), "only a key that exists is deleted");
    this.#newest = main;
    records.bury(row, main, sub);
    this.#tree.changed(key, row);
  }

  /**
   * Adds a stored record; records come oldest first. The first record of a key may be in the middle of a generation,
   * whose beginning was compacted: `version` and `createRevision` tell. Both are 0 for a tombstone.
   */
  restore(key: Key, main: number, sub: number, createRevision: number, version: number): Row {
    return this.#record(key, main, sub, createRevision, version);
  }

  /**
   * Visits the keys of `[low, high)` in order, including deleted ones, until `visit` returns false. `visit` must not
   * write.
   */
  walk(low: Key, high: Key | undefined, visit: (row: Row, visited: VisitedKey) => boolean): void {
    this.#tree.walk(low, high, visit);
  }

  /**
   * Number of keys of `[low, high)` at revision `at`, without a walk. Undefined when the index holds changes above
   * `at`: then only a walk can tell.
   */
  count(low: Key, high: Key | undefined, at: number): number | undefined {
    return at < this.#newest ? undefined : this.#tree.count(low, high);
  }

  /** Number of keys of `[low, high)` that exist now, with the changes of a write that is under way. */
  countNow(low: Key, high: Key | undefined): number {
    return this.#tree.count(low, high);
  }

  /** Compacts the keys from `low` on until `full` returns true, which is asked before each key. */
  compactSlice(low: Key, revision: number, drop: DropRecord, full: () => boolean): IndexSlice {
    const gone: Key[] = [];
    let next: Key | undefined;
    let kept = false;
    this.#tree.walk(low, undefined, (row, visited) => {
      if (full()) {
        next = visited.key;
        return false;
      }
      const outcome = this.records.compact(row, revision, drop);
      if (outcome === "gone") gone.push(visited.key);
      if (outcome === "kept") kept = true;
      return true;
    });
    for (const key of gone) {
      const row = this.#tree.get(key);
      this.#tree.delete(key);
      this.records.remove(row);
    }
    return { next, kept };
  }

  /** Adds a record to a key; `createRevision` and `version` count only when the key is new to the index. */
  #record(key: Key, main: number, sub: number, createRevision: number, version: number): Row {
    const { records } = this;
    this.#newest = main;
    let isNew = false;
    const row = this.#tree.getOrInsert(key, () => {
      isNew = true;
      return records.add(main, sub, createRevision, version);
    });
    if (isNew) return row;
    const wasAlive = records.alive(row);
    if (version > 0) records.put(row, main, sub);
    else records.bury(row, main, sub);
    if (records.alive(row) !== wasAlive) this.#tree.changed(key, row);
    return row;
  }
}
