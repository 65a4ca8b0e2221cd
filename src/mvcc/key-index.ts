import { assert, type Key } from "../base/index.js";
import { KeyEntry } from "./key-entry.js";
import { KeyTree } from "./key-tree.js";

/** How far a pass over the whole index has come. */
export interface IndexSlice {
  /** Where to go on; undefined at the end. */
  readonly next: Key | undefined;
  /** Whether a record at or below the compacted revision stays. */
  readonly kept: boolean;
}

/** All keys of the store in order, with the revisions at which each of them changed. */
export class KeyIndex {
  readonly #tree = new KeyTree<KeyEntry>();
  #alive = 0;

  /** Keys that exist now. */
  get alive(): number {
    return this.#alive;
  }

  get(key: Key): KeyEntry | undefined {
    return this.#tree.get(key);
  }

  put(key: Key, main: number, sub: number): KeyEntry {
    return this.#record(key, new KeyEntry(main, sub, main, 1));
  }

  /** Deletes a key that exists. */
  bury(key: Key, main: number, sub: number): KeyEntry {
    const entry = this.#tree.get(key);
    assert(entry?.alive === true, "only a key that exists is deleted");
    this.#alive--;
    entry.bury(main, sub);
    return entry;
  }

  /**
   * Takes up a stored record; they come oldest first. What comes first of a key may be in the middle of its life, for
   * the rest was compacted: `version` and `createRevision` tell. 0 and 0 stand for a tombstone.
   */
  restore(key: Key, main: number, sub: number, createRevision: number, version: number): void {
    this.#record(key, new KeyEntry(main, sub, createRevision, version));
  }

  /** Visits keys of `[low, high)` in order, deleted ones too, until `visit` returns false. It must not write. */
  walk(low: Key, high: Key | undefined, visit: (key: Key, entry: KeyEntry) => boolean): void {
    this.#tree.walk(low, high, visit);
  }

  /** Compacts the next `limit` keys from `low` on; see `KeyEntry.compact`. */
  compactSlice(low: Key, limit: number, revision: number): IndexSlice {
    const gone: Key[] = [];
    let next: Key | undefined;
    let kept = false;
    let left = limit;
    this.#tree.walk(low, undefined, (key, entry) => {
      if (left-- === 0) {
        next = key;
        return false;
      }
      const outcome = entry.compact(revision);
      if (outcome === "gone") gone.push(key);
      if (outcome === "kept") kept = true;
      return true;
    });
    for (const key of gone) this.#tree.delete(key);
    return { next, kept };
  }

  /** Adds `record` to what is known of the key; it is the entry itself, when that is nothing. */
  #record(key: Key, record: KeyEntry): KeyEntry {
    const entry = this.#tree.getOrInsert(key, record);
    const wasAlive = entry !== record && entry.alive;
    if (entry !== record && record.alive) entry.put(record.main, record.sub);
    if (entry !== record && !record.alive) entry.bury(record.main, record.sub);
    this.#alive += Number(entry.alive) - Number(wasAlive);
    return entry;
  }
}
