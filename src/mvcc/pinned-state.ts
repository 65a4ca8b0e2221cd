import type { Key, Steps, WorkBudget } from "../base/index.js";
import type { Encoded, KeyValue } from "../wire/index.js";
import type { Hold } from "./pins.js";
import { headsInStepsAt, pairsInStepsAt, rangeAt, rangeInStepsAt } from "./range-scan.js";
import type { KeyHead, RangeOptions, RangeResult, SteppedReader } from "./reader.js";
import type { StoreState } from "./store-state.js";

/**
 * The state of the key space at one revision: until it is released, neither writes nor compactions change it. Reads of
 * earlier revisions are possible, too, but a compaction may remove those between two steps.
 */
export class PinnedState implements SteppedReader {
  readonly revision: number;
  readonly #state: StoreState;
  readonly #hold: Hold;

  constructor(state: StoreState) {
    this.#state = state;
    this.revision = state.revision;
    this.#hold = state.pins.hold(state.revision);
  }

  /** Lets compactions go on. May be called again. */
  release(): void {
    this.#hold.release();
  }

  range(key: Key, end: Key, options: RangeOptions = {}): RangeResult {
    return rangeAt(this.#state, this.revision, key, end, options);
  }

  head(key: Key): KeyHead | undefined {
    return this.#state.head(key, this.revision);
  }

  rangeInSteps(key: Key, end: Key, options: RangeOptions, budget: WorkBudget): Steps<RangeResult> {
    return rangeInStepsAt(this.#state, this.revision, key, end, options, budget);
  }

  headsInSteps(key: Key, end: Key, budget: WorkBudget, visit: (head: KeyHead) => boolean): Steps<void> {
    return headsInStepsAt(this.#state, this.revision, key, end, budget, visit);
  }

  pairsInSteps(key: Key, end: Key, budget: WorkBudget, visit: (kv: Encoded<KeyValue>) => boolean): Steps<void> {
    return pairsInStepsAt(this.#state, this.revision, key, end, budget, visit);
  }
}
