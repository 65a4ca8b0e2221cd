import { IntervalTree, isOneKey, type Key, NamedRows, wordsOfName } from "../../base/index.js";
import type { Watcher } from "../watcher.js";

/** A key or a range of keys that somebody watches, by its number. `noRange` is none. */
export type WatchedRange = number;
const noRange: WatchedRange = 0;

/** The groups of watchers of which each range keeps a list: see `WatcherGroup`. */
export type GroupNumber = 0 | 1;

/** Fields of a range behind its name, which is its key followed by its end. */
const keyLengthAt = wordsOfName;
const holdersAt = wordsOfName + 1;
/** The first watcher of each group. */
const firstAt = wordsOfName + 2;
const wordsOfRange = wordsOfName + 4;
/** The most single keys that are looked at, one by one, to find whether any of them lies in a range: about 0.2 ms. */
const keysLookedAt = 1_024;

/**
 * The keys and ranges that are watched, each once, however many watchers have it. A single key is found by its hash, a
 * range in O(log n). Names and numbers lie outside of V8's heap; a range that is not a single key has a node in a tree,
 * too.
 */
export class WatchedRanges {
  readonly #named = new NamedRows(wordsOfRange);
  readonly #rows = this.#named.rows;
  readonly #tree = new IntervalTree<WatchedRange>();

  /** Bytes of memory outside of V8's heap. */
  get bytes(): number {
    return this.#named.bytes;
  }

  /** The range with this key and end, with one holder more. */
  hold(key: Key, end: Key): WatchedRange {
    let range = isOneKey(end) ? this.#named.find(key) : (this.#tree.get(key, end) ?? noRange);
    if (range === noRange) {
      range = this.#named.take(key + end, isOneKey(end));
      this.#rows.setWord(range, keyLengthAt, key.length);
      if (!isOneKey(end)) this.#tree.set(key, end, range);
    }
    this.retain(range);
    return range;
  }

  /** The range has one holder more: it keeps its number until that holder releases it. */
  retain(range: WatchedRange): void {
    this.#rows.setWord(range, holdersAt, this.#rows.word(range, holdersAt) + 1);
  }

  /** The range has one holder less. It is forgotten with the last one. */
  release(range: WatchedRange): void {
    const holders = this.#rows.word(range, holdersAt) - 1;
    this.#rows.setWord(range, holdersAt, holders);
    if (holders > 0) return;
    const end = this.end(range);
    if (!isOneKey(end)) this.#tree.delete(this.key(range), end);
    this.#named.give(range, isOneKey(end));
  }

  /** The ranges that contain `key`. */
  around(key: Key): WatchedRange[] {
    const ranges: WatchedRange[] = [];
    const range = this.#named.find(key);
    if (range !== noRange) ranges.push(range);
    if (this.#tree.size > 0) this.#tree.around(key, (wider) => ranges.push(wider));
    return ranges;
  }

  /** Whether any range may contain a key from `first` to `last`, which is included; found without a long walk. */
  mayMeet(first: Key, last: Key): boolean {
    if (this.#tree.meets(first, last) || this.#named.listedCount > keysLookedAt) return true;
    for (const range of this.#named.listed()) {
      const key = this.key(range);
      if (first <= key && key <= last) return true;
    }
    return false;
  }

  /** Number of holders: its watchers, in whatever place they are, and a few more for a moment. */
  holders(range: WatchedRange): number {
    return this.#rows.word(range, holdersAt);
  }

  key(range: WatchedRange): Key {
    return this.#named.name(range, 0, this.#rows.word(range, keyLengthAt));
  }

  end(range: WatchedRange): Key {
    return this.#named.name(range, this.#rows.word(range, keyLengthAt));
  }

  /** Bytes of the key and the end. */
  nameBytes(range: WatchedRange): number {
    return this.#named.length(range);
  }

  /** The first watcher of a group in the range; `noWatcher` when there is none. */
  first(range: WatchedRange, group: GroupNumber): Watcher {
    return this.#rows.word(range, firstAt + group);
  }

  setFirst(range: WatchedRange, group: GroupNumber, watcher: Watcher): void {
    this.#rows.setWord(range, firstAt + group, watcher);
  }
}
