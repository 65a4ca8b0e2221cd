import { type Key, PackedKeys, type Steps, type WorkBudget } from "../base/index.js";
import type { Encoded, KeyValue } from "../wire/index.js";
import { type Change, Deletion } from "./change.js";

/** Changes of one revision that are objects. Nearly all revisions have fewer. */
const objectsMax = 1_024;

/**
 * The changes of one revision, in order. Of a large one, the deletes are kept as names outside of V8's heap, without
 * the pairs before, which are read if a watcher wants them: one request may delete all keys.
 */
export class ChangeList implements Iterable<Change> {
  readonly #revision: number;
  /** Changes, and numbers of consecutive deletes of which only the names are kept. */
  readonly #parts: (Change | number)[] = [];
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
    this.#parts.push(change);
  }

  /** @param previous the pair before, if it is in memory */
  addDelete(key: Key, previous: Encoded<KeyValue> | undefined): void {
    this.#length++;
    this.#deletes++;
    if (this.#length <= objectsMax) {
      this.#parts.push(new Deletion(key, this.#revision, previous));
      return;
    }
    this.#names ??= new PackedKeys();
    this.#names.push(key);
    const last = this.#parts.length - 1;
    const part = this.#parts[last];
    if (typeof part === "number") this.#parts[last] = part + 1;
    else this.#parts.push(1);
  }

  *[Symbol.iterator](): Generator<Change, void, undefined> {
    const names = this.#names?.[Symbol.iterator]();
    for (const part of this.#parts) {
      if (typeof part !== "number") yield part;
      else for (let left = part; left > 0; left--) yield new Deletion(names?.next().value ?? "", this.#revision);
    }
  }
}

/** Called with every revision once it is complete and readable, at once and in order. */
export type ChangeListener = (revision: number, changes: ChangeList) => void;

/**
 * Like `ChangeListener`, for a listener that may have much to do.
 *
 * @returns the work that is left after this call; the next revision begins only when it is done
 */
export type ChangeTeller = (revision: number, changes: ChangeList, budget: WorkBudget) => Steps<void> | undefined;
