import { type Key, NamedRows, RowLists, wordsOfName } from "../base/index.js";

/** A key that is attached to a lease, by its number. `noKey` is none. */
export type AttachedKey = number;
export const noKey: AttachedKey = 0;

/** Fields of a key behind its name: the row of its lease, and its neighbours among the keys of that lease. */
const leaseAt = wordsOfName;
const nextAt = wordsOfName + 1;
const previousAt = wordsOfName + 2;
const wordsOfKey = wordsOfName + 4;

/** The keys that are attached to leases, outside of the heap. Each is found by its name, or in its lease's list. */
export class AttachedKeys {
  readonly #named = new NamedRows(wordsOfKey);
  readonly #lists = new RowLists(this.#named.rows, nextAt, previousAt);

  /** Bytes of memory outside of V8's heap. */
  get bytes(): number {
    return this.#named.bytes;
  }

  /** Bytes of memory in use. */
  get usedBytes(): number {
    return this.#named.usedBytes;
  }

  find(key: Key): AttachedKey {
    return this.#named.find(key);
  }

  /** Adds a key at the end of a lease's list. @returns the first key of the list */
  add(key: Key, lease: number, first: AttachedKey): AttachedKey {
    const attached = this.#named.take(key);
    this.#named.rows.setWord(attached, leaseAt, lease);
    return this.#lists.append(first, attached);
  }

  /** Removes a key from the list that begins with `first`. @returns the first key of the list then */
  remove(attached: AttachedKey, first: AttachedKey): AttachedKey {
    const newFirst = this.#lists.remove(first, attached);
    this.#named.give(attached);
    return newFirst;
  }

  /** Moves a key to the end of another list. @returns the first keys of both lists */
  move(attached: AttachedKey, from: AttachedKey, lease: number, to: AttachedKey): readonly [AttachedKey, AttachedKey] {
    const left = this.#lists.remove(from, attached);
    this.#named.rows.setWord(attached, leaseAt, lease);
    return [left, this.#lists.append(to, attached)];
  }

  /** The row of a key's lease. */
  lease(attached: AttachedKey): number {
    return this.#named.rows.word(attached, leaseAt);
  }

  name(attached: AttachedKey): Key {
    return this.#named.name(attached);
  }

  /** The keys of the list that begins with `first`. Keys may be detached meanwhile; the walk skips them. */
  *each(first: AttachedKey): Generator<Key, void, undefined> {
    for (const attached of this.#lists.each(first)) yield this.name(attached);
  }
}
