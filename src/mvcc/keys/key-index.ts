import { Arena, assert, type Key } from "../../base/index.js";
import type { HeadRun } from "./head-run.js";
import { KeyLeaf } from "./key-leaf.js";
import { type DropRecord, KeyRecords } from "./key-records.js";
import { noRow, type Row } from "./key-rows.js";
import { type FilledLeaf, KeyTree, type VisitedKey } from "./key-tree.js";
import { TreeCursor } from "./tree-cursor.js";

/** Progress of a pass over the whole index. */
export interface IndexSlice {
  /** Key at which to continue: the next one, or once more one that has very many records. Undefined at the end. */
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

  /** Main revision of the newest record that was ever added; 0 for none. */
  get newest(): number {
    return this.#newest;
  }

  /** The row of a key; `noRow` when the index does not know the key. */
  get(key: Key): Row {
    return this.#tree.get(key);
  }

  put(key: Key, main: number, sub: number): Row {
    const { records } = this;
    let isNew = false;
    const row = this.#tree.getOrInsert(key, () => {
      isNew = true;
      return records.add(main, sub, main, 1);
    });
    if (main > this.#newest) this.#newest = main;
    if (isNew) return row;
    const wasAlive = records.alive(row);
    records.put(row, main, sub);
    if (!wasAlive) this.#tree.changed(key, row);
    return row;
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
   * Deletes the keys of `[low, high)` that exist, in order, leaf by leaf.
   *
   * @param sub number of the first of these changes
   * @param onBuried called with each of them, and with its place in a leaf
   * @param full as for `KeyTree.buryLeaves`
   * @returns the key at which to continue; undefined at the end
   */
  buryRange(
    low: Key,
    high: Key | undefined,
    main: number,
    sub: number,
    onBuried: (row: Row, sub: number, keys: KeyLeaf, place: number) => void,
    full: () => boolean,
  ): Key | undefined {
    const { records } = this;
    let nextSub = sub;
    const next = this.#tree.buryLeaves(
      low,
      high,
      (keys, from, end) => {
        const before = nextSub;
        for (let place = from; place < end; place++) {
          const row = keys.row(place);
          if (!records.alive(row)) continue;
          records.bury(row, main, nextSub);
          onBuried(row, nextSub++, keys, place);
        }
        return nextSub - before;
      },
      full,
    );
    if (nextSub > sub) this.#newest = main;
    return next;
  }

  /** An empty leaf for `fill`. */
  newLeaf(): KeyLeaf {
    return new KeyLeaf(this.#arena);
  }

  /**
   * Fills the empty index with leaves in key order, whose rows the caller has filled.
   *
   * @param newest the largest main revision of their records
   */
  fill(leaves: readonly FilledLeaf[], newest: number): void {
    this.#tree.fill(leaves);
    this.#newest = newest;
  }

  /**
   * Visits the leaves from `low` on, each with the place of its first key that is not below `low`, until `visit`
   * returns false. `visit` must not write.
   */
  walkLeaves(low: Key, visit: (keys: KeyLeaf, from: number) => boolean): void {
    this.#tree.walkLeaves(low, visit);
  }

  /**
   * Adds stored records, sorted by key; runs come oldest first. The first record of a key may be in the middle of a
   * generation, whose beginning was compacted: its version and creation revision tell. Records that the index knows are
   * passed over, and so are those that come before the newest one of their key.
   *
   * @param order the numbers in the run of those to add, a part of `run.sorted()`
   */
  restore(run: HeadRun, order: Uint32Array): void {
    const cursor = new TreeCursor(this.#tree);
    for (const at of order) this.#restore(cursor, run, at);
  }

  /** Drops all records of a key at or below `revision`. The index need not know the key. */
  forget(key: Key, revision: number, drop: DropRecord): void {
    const row = this.#tree.get(key);
    if (row === noRow || !this.records.forget(row, revision, drop)) return;
    this.#tree.delete(key);
    this.records.remove(row);
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

  /**
   * Compacts the keys from `low` on until `full` returns true, which is asked before each key, or a key has so many
   * records that the rest of them need a slice of their own.
   *
   * @param onBuried called for a key that did not exist at the revision: all its records up to there are dropped, and
   *   a tombstone with them
   */
  compactSlice(
    low: Key,
    revision: number,
    drop: DropRecord,
    full: () => boolean,
    onBuried?: (row: Row, visited: VisitedKey) => void,
  ): IndexSlice {
    const gone: Key[] = [];
    let next: Key | undefined;
    let kept = false;
    let buried = false;
    const dropAndLook: DropRecord = (main, sub, isTombstone, bytes) => {
      buried = isTombstone;
      drop(main, sub, isTombstone, bytes);
    };
    this.#tree.walk(low, undefined, (row, visited) => {
      if (full()) {
        next = visited.key;
        return false;
      }
      buried = false;
      const outcome = this.records.compact(row, revision, dropAndLook);
      if (outcome === "more") {
        next = visited.key;
        return false;
      }
      if (outcome === "gone") gone.push(visited.key);
      if (outcome === "kept") kept = true;
      else if (buried) onBuried?.(row, visited);
      return true;
    });
    for (const key of gone) {
      const row = this.#tree.get(key);
      this.#tree.delete(key);
      this.records.remove(row);
    }
    return { next, kept };
  }

  #restore(cursor: TreeCursor, run: HeadRun, at: number): void {
    const { records } = this;
    const { rows } = records;
    const main = run.main[at] ?? 0;
    const sub = run.sub[at] ?? 0;
    const createRevision = run.createRevision[at] ?? 0;
    const version = run.version[at] ?? 0;
    let row = cursor.find(run.names, run.nameStart(at), run.nameEnd(at));
    if (row === noRow) {
      row = records.add(main, sub, createRevision, version);
      cursor.insert(run.key(at), row, version > 0);
    } else {
      const newest = rows.main(row);
      if (main < newest || (main === newest && sub <= rows.sub(row))) return;
      const wasAlive = records.alive(row);
      if (version > 0) records.put(row, main, sub);
      else records.bury(row, main, sub);
      if (version > 0 !== wasAlive) cursor.changed(version > 0);
      // The generation may have begun with a record that is compacted, after one that a checkpoint has.
      rows.setCreateRevision(row, createRevision);
      rows.setVersion(row, version);
    }
    if (main > this.#newest) this.#newest = main;
    rows.setLeaseId(row, run.leaseId(at));
    rows.setBytes(row, run.bytes[at] ?? 0);
  }
}
