import type { PackedRows } from "../backend/index.js";
import { type Key, PackedKeys, type Steps, type WorkBudget } from "../base/index.js";
import type { Encoded, KeyValue } from "../wire/index.js";
import { type Change, Deletion } from "./change.js";
import { tombstoneKeyAt } from "./stored-head.js";

/** Changes of one revision that are objects. Nearly all revisions have fewer. */
const objectsMax = 1_024;

/** Consecutive deletes of a range, by their stored rows. */
interface DeletedRows {
  readonly rows: PackedRows;
  /** Whether any of the keys had a lease. */
  readonly leased: boolean;
}

/** Changes, or consecutive deletes of which only the names are kept: their number, or their rows. */
type Part = Change | number | DeletedRows;

/**
 * The changes of one revision, in order. Of a large one, the deletes are kept as names outside of V8's heap, without
 * the pairs before, which are read if a watcher wants them: one request may delete all keys.
 */
export class ChangeList implements Iterable<Change> {
  readonly #revision: number;
  /** The changes before the first delete of which only the name is kept. Nearly always these are all. */
  readonly #objects: Change[] = [];
  #later: Part[] | undefined;
  #names: PackedKeys | undefined;
  #length = 0;
  #deletes = 0;

  constructor(revision: number) {
    this.#revision = revision;
  }

  get length(): number {
    return this.#length;
  }

  /** Number of deletes. */
  get deletes(): number {
    return this.#deletes;
  }

  addPut(change: Change): void {
    this.#length++;
    this.#push(change);
  }

  /** @param previous the pair before, if it is in memory */
  addDelete(key: Key, previous: Encoded<KeyValue> | undefined): void {
    this.#length++;
    this.#deletes++;
    if (this.#length <= objectsMax) {
      this.#push(new Deletion(key, this.#revision, previous));
      return;
    }
    this.#names ??= new PackedKeys();
    this.#names.push(key);
    this.#later ??= [];
    const last = this.#later.length - 1;
    const part = this.#later[last];
    if (typeof part === "number") this.#later[last] = part + 1;
    else this.#later.push(1);
  }

  /** @param leased whether any of the deleted keys had a lease */
  addDeletes(rows: PackedRows, leased: boolean): void {
    this.#length += rows.length;
    this.#deletes += rows.length;
    this.#later ??= [];
    this.#later.push({ rows, leased });
  }

  [Symbol.iterator](): Iterator<Change, unknown, undefined> {
    return this.#changes(() => true)[Symbol.iterator]();
  }

  /** The changes without most of those that leave all leases as they are. */
  ofLeases(): Iterable<Change> {
    return this.#changes(({ leased }) => leased);
  }

  /**
   * The changes without most of those that nobody wants.
   *
   * @param wanted whether anybody may want the change of a key from `first` to `last`, which is included
   */
  wanted(wanted: (first: Key, last: Key) => boolean): Iterable<Change> {
    return this.#changes(({ rows }) => wanted(nameIn(rows, 0), nameIn(rows, rows.length - 1)));
  }

  #push(change: Change): void {
    (this.#later ?? this.#objects).push(change);
  }

  /** A put is walked four times. A generator for each walk would take a tenth of the memory that a put allocates. */
  #changes(isWanted: (deletes: DeletedRows) => boolean): Iterable<Change> {
    const later = this.#later;
    if (later === undefined) return this.#objects;
    return { [Symbol.iterator]: () => this.#allChanges(later, isWanted) };
  }

  *#allChanges(
    later: readonly Part[],
    isWanted: (deletes: DeletedRows) => boolean,
  ): Generator<Change, void, undefined> {
    yield* this.#objects;
    const names = this.#names?.[Symbol.iterator]();
    for (const part of later) {
      if (typeof part === "number") {
        for (let left = part; left > 0; left--) yield new Deletion(names?.next().value ?? "", this.#revision);
      } else if (!("rows" in part)) yield part;
      else if (isWanted(part)) {
        const { rows } = part;
        for (let at = 0; at < rows.length; at++) yield new Deletion(nameIn(rows, at), this.#revision);
      }
    }
  }
}

function nameIn(rows: PackedRows, at: number): Key {
  return rows.valueText(at, tombstoneKeyAt(rows.valueLength(at)));
}

/** Called with every revision once it is complete and readable, at once and in order. */
export type ChangeListener = (revision: number, changes: ChangeList) => void;

/**
 * Like `ChangeListener`, for a listener that may have much to do.
 *
 * @returns the work that is left after this call; the next revision begins only when it is done
 */
export type ChangeTeller = (revision: number, changes: ChangeList, budget: WorkBudget) => Steps<void> | undefined;
