import { isOneKey, type Key, keyAfter } from "../base/index.js";
import type { Encoded, KeyValue } from "../wire/index.js";
import type { Hold } from "./pins.js";
import { RangeScan } from "./range-scan.js";
import type { RangeOptions } from "./reader.js";
import type { StoreState } from "./store-state.js";

interface ScanOptions extends Pick<RangeOptions, "keysOnly" | "bounds"> {
  /** A key of the range to begin with, instead of the first. */
  readonly from?: Key;
}

/** A range at one revision, which can be read in steps and more than once: no compaction removes it until `close`. */
export class PinnedRange {
  /** The store's revision when the range was opened, which the answer names; the range may be read at another one. */
  readonly current: number;
  readonly #state: StoreState;
  readonly #hold: Hold;
  readonly #key: Key;
  readonly #end: Key;
  readonly #at: number;

  constructor(state: StoreState, key: Key, end: Key, at: number, current: number) {
    this.current = current;
    this.#state = state;
    this.#key = key;
    // A scan may begin anywhere in the range, so a single key needs an explicit end.
    this.#end = isOneKey(end) ? keyAfter(key) : end;
    this.#at = at;
    this.#hold = state.pins.hold(at);
  }

  /** @param pairsMax the most pairs to read; 0 reads only the count */
  scan(pairsMax: number, { from = this.#key, ...options }: ScanOptions = {}): RangeScan {
    return new RangeScan(this.#state, from, this.#end, this.#at, pairsMax, options);
  }

  /** One key as of the revision, with or without its value; undefined when it did not exist. */
  get(key: Key, keysOnly = false): Encoded<KeyValue> | undefined {
    return new RangeScan(this.#state, key, "", this.#at, 1, { keysOnly }).take()[0];
  }

  /** Releases the revision. May be called again. */
  close(): void {
    this.#hold.release();
  }
}
