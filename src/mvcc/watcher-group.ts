import { IntervalTree, isOneKey, type Key } from "../base/index.js";
import type { Watcher } from "./watcher.js";

/** Watchers by what they watch: those of one key are found by hashing it, those of ranges in O(log n). */
export class WatcherGroup {
  readonly #all = new Set<Watcher>();
  readonly #byKey = new Map<Key, Set<Watcher>>();
  readonly #byRange = new IntervalTree<Set<Watcher>>();

  get size(): number {
    return this.#all.size;
  }

  /** In the order added. May be changed while it is walked. */
  watchers(): IterableIterator<Watcher> {
    return this.#all.values();
  }

  add(watcher: Watcher): void {
    this.#all.add(watcher);
    const { key, end } = watcher.options;
    const same = isOneKey(end) ? this.#byKey.get(key) : this.#byRange.get(key, end);
    if (same !== undefined) same.add(watcher);
    else if (isOneKey(end)) this.#byKey.set(key, new Set([watcher]));
    else this.#byRange.set(key, end, new Set([watcher]));
  }

  delete(watcher: Watcher): void {
    if (!this.#all.delete(watcher)) return;
    const { key, end } = watcher.options;
    const same = isOneKey(end) ? this.#byKey.get(key) : this.#byRange.get(key, end);
    same?.delete(watcher);
    if (same?.size !== 0) return;
    if (isOneKey(end)) this.#byKey.delete(key);
    else this.#byRange.delete(key, end);
  }

  /** How many watchers hear of `key`. */
  countOf(key: Key): number {
    let count = this.#byKey.get(key)?.size ?? 0;
    if (this.#byRange.size > 0) this.#byRange.around(key, (watchers) => (count += watchers.size));
    return count;
  }

  /** The watchers that hear of `key`, in sets. Those that are deleted before they are reached are not in them. */
  setsOf(key: Key): Set<Watcher>[] {
    const ofKey = this.#byKey.get(key);
    const sets = ofKey === undefined ? [] : [ofKey];
    if (this.#byRange.size > 0) this.#byRange.around(key, (watchers) => sets.push(watchers));
    return sets;
  }

  /** The watchers that hear of `key`. The group must not change while `visit` runs. */
  forEachOf(key: Key, visit: (watcher: Watcher) => void): void {
    this.#byKey.get(key)?.forEach(visit);
    if (this.#byRange.size > 0) this.#byRange.around(key, (watchers) => watchers.forEach(visit));
  }
}
