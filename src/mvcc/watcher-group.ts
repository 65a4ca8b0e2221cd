import { IntervalTree, isOneKey, type Key } from "../base/index.js";
import type { Watcher } from "./watcher.js";

/** Watchers by the keys they watch: watchers of a single key are found by hash, those of ranges in O(log n). */
export class WatcherGroup {
  readonly #all = new Set<Watcher>();
  readonly #byKey = new Map<Key, Set<Watcher>>();
  readonly #byRange = new IntervalTree<Set<Watcher>>();

  get size(): number {
    return this.#all.size;
  }

  /** All watchers in the order added. The group may change while they are walked. */
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

  /** Number of watchers that watch `key`. */
  countOf(key: Key): number {
    let count = this.#byKey.get(key)?.size ?? 0;
    if (this.#byRange.size > 0) this.#byRange.around(key, (watchers) => (count += watchers.size));
    return count;
  }

  /** The watchers that watch `key`, in sets. A watcher that is deleted before it is reached is skipped. */
  setsOf(key: Key): Set<Watcher>[] {
    const ofKey = this.#byKey.get(key);
    const sets = ofKey === undefined ? [] : [ofKey];
    if (this.#byRange.size > 0) this.#byRange.around(key, (watchers) => sets.push(watchers));
    return sets;
  }

  /** Visits the watchers that watch `key`. The group must not change while `visit` runs. */
  forEachOf(key: Key, visit: (watcher: Watcher) => void): void {
    this.#byKey.get(key)?.forEach(visit);
    if (this.#byRange.size > 0) this.#byRange.around(key, (watchers) => watchers.forEach(visit));
  }
}
