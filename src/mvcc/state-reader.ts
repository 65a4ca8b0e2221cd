import type { Key, Steps, WorkBudget } from "../base/index.js";
import type { Encoded, KeyValue } from "../wire/index.js";
import { headsInStepsAt, pairsInStepsAt, rangeAt, rangeInStepsAt } from "./range-scan.js";
import type { KeyHead, RangeOptions, RangeResult, SteppedReader } from "./reader.js";
import type { StoreState } from "./store-state.js";

/** Reads a state at one revision: the store's newest one, or one that is pinned. */
export abstract class StateReader implements SteppedReader {
  abstract readonly revision: number;
  protected abstract readonly state: StoreState;

  range(key: Key, end: Key, options: RangeOptions = {}): RangeResult {
    return rangeAt(this.state, this.revision, key, end, options);
  }

  head(key: Key): KeyHead | undefined {
    return this.state.head(key, this.revision);
  }

  rangeInSteps(key: Key, end: Key, options: RangeOptions, budget: WorkBudget): Steps<RangeResult> {
    return rangeInStepsAt(this.state, this.revision, key, end, options, budget);
  }

  headsInSteps(key: Key, end: Key, budget: WorkBudget, visit: (head: KeyHead) => boolean): Steps<void> {
    return headsInStepsAt(this.state, this.revision, key, end, budget, visit);
  }

  pairsInSteps(
    key: Key,
    end: Key,
    budget: WorkBudget,
    visit: (kv: Encoded<KeyValue>) => boolean,
    keysOnly = false,
  ): Steps<void> {
    return pairsInStepsAt(this.state, this.revision, key, end, budget, visit, keysOnly);
  }
}
