import type { Key } from "../base/index.js";
import type { Hold } from "./pins.js";
import { pairsMax, RangeScan } from "./range-scan.js";
import type { RangeOptions, RangeResult } from "./reader.js";
import type { StoreState } from "./store-state.js";

/** One revision that stays readable, also when a compaction passes it. To be released soon: removal waits for it. */
export class Pin {
  readonly revision: number;
  readonly #state: StoreState;
  readonly #hold: Hold;

  /** @throws EtcdError `futureRevision` or `compacted` */
  constructor(state: StoreState, revision: number) {
    this.revision = state.readable(revision, state.revision);
    this.#state = state;
    this.#hold = state.pins.hold(this.revision);
  }

  /** As `Reader.range`, at the pinned revision. */
  range(key: Key, end: Key, options: Omit<RangeOptions, "revision"> = {}): RangeResult {
    const scan = new RangeScan(this.#state, key, end, this.revision, pairsMax(options));
    scan.step(Number.POSITIVE_INFINITY);
    return { kvs: scan.kvs, count: scan.count, revision: this.#state.revision };
  }

  release(): void {
    this.#hold.release();
  }
}
