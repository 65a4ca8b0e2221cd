import type { Key } from "../../base/index.js";
import { noWatcher, type Watcher } from "../watcher.js";
import type { GroupNumber, WatchedRange } from "./watched-ranges.js";
import type { WatcherTable } from "./watcher-table.js";

/** Watchers that get the same changes, by the keys they watch: the synced ones, or those of a pass through history. */
export class WatcherGroup {
  readonly #table: WatcherTable;
  readonly #number: GroupNumber;
  #size = 0;

  /** @param number the lists that this group uses in `table`; each group has its own */
  constructor(table: WatcherTable, number: GroupNumber) {
    this.#table = table;
    this.#number = number;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a watcher that is in no group. */
  add(watcher: Watcher): void {
    const { ranges, inRange } = this.#table;
    const range = this.#table.range(watcher);
    ranges.setFirst(range, this.#number, inRange.append(ranges.first(range, this.#number), watcher));
    this.#size++;
  }

  /** Removes a watcher, which is in this group. */
  delete(watcher: Watcher): void {
    const { ranges, inRange } = this.#table;
    const range = this.#table.range(watcher);
    ranges.setFirst(range, this.#number, inRange.remove(ranges.first(range, this.#number), watcher));
    this.#size--;
  }

  /** About how many watchers of the group watch `key`: never fewer than there are, and found without a walk. */
  estimateOf(key: Key): number {
    const { ranges } = this.#table;
    let holders = 0;
    if (this.#size > 0) for (const range of ranges.around(key)) holders += ranges.holders(range);
    return Math.min(holders, this.#size);
  }

  /** Visits the watchers that watch `key`. `visit` may delete the watcher that it is called with, and no other one. */
  forEachOf(key: Key, visit: (watcher: Watcher) => void): void {
    if (this.#size === 0) return;
    for (const range of this.#table.ranges.around(key)) {
      for (let watcher = this.#first(range); watcher !== noWatcher; ) {
        const next = this.#table.inRange.next(watcher);
        visit(watcher);
        watcher = next;
      }
    }
  }

  /** Like `forEachOf`, one by one. Between two watchers, others may be deleted from the group; they are skipped. */
  *eachOf(key: Key): Generator<Watcher, void, undefined> {
    if (this.#size === 0) return;
    const { ranges, inRange } = this.#table;
    const around = ranges.around(key);
    // A range that nobody watches any more would give its number to another one.
    for (const range of around) ranges.retain(range);
    try {
      for (const range of around) {
        const walk = inRange.walk(this.#first(range));
        try {
          for (let watcher = inRange.step(walk); watcher !== noWatcher; watcher = inRange.step(walk)) yield watcher;
        } finally {
          inRange.end(walk);
        }
      }
    } finally {
      for (const range of around) ranges.release(range);
    }
  }

  #first(range: WatchedRange): Watcher {
    return this.#table.ranges.first(range, this.#number);
  }
}
