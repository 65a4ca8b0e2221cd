import { intervalOf, type Key } from "../base/index.js";

/** A range of keys as in a request (`base/key-range.ts`). */
export interface KeyRange {
  readonly key: Key;
  readonly end: Key;
}

/** The keys of `[low, high)`; `aboveAllKeys` as `high` means no bound. */
export interface KeyInterval {
  readonly low: Key;
  readonly high: Key;
}

interface Interval extends KeyInterval {
  high: Key;
}

/** The union of several key ranges. Testing whether it covers a range takes O(log n). */
export class KeyRanges {
  /** Ascending, disjoint and not adjacent. */
  readonly #intervals: readonly Interval[];

  constructor(ranges: readonly KeyRange[]) {
    const given: Interval[] = ranges.map(({ key, end }) => intervalOf(key, end)).filter(({ low, high }) => low < high);
    given.sort((one, other) => (one.low < other.low ? -1 : 1));
    const merged: Interval[] = [];
    for (const interval of given) {
      const last = merged.at(-1);
      if (last === undefined || last.high < interval.low) merged.push(interval);
      else if (last.high < interval.high) last.high = interval.high;
    }
    this.#intervals = merged;
  }

  /** The union as intervals, ascending, disjoint and not adjacent. */
  get intervals(): readonly KeyInterval[] {
    return this.#intervals;
  }

  /** Whether the union contains all keys of the range; for a range without keys, whether it contains the start. */
  covers(key: Key, end: Key): boolean {
    const { low, high } = intervalOf(key, end);
    const interval = this.#lastFrom(low);
    return interval !== undefined && low < interval.high && high <= interval.high;
  }

  /** The last interval that begins at `low` or before. */
  #lastFrom(low: Key): Interval | undefined {
    let from = 0;
    let to = this.#intervals.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const interval = this.#intervals[middle];
      if (interval !== undefined && interval.low <= low) from = middle + 1;
      else to = middle;
    }
    return this.#intervals[from - 1];
  }
}
