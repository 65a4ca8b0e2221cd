import type { Key, Steps, WorkBudget } from "../base/index.js";
import type { Encoded, KeyValue } from "../wire/index.js";

export interface RangeOptions {
  /** The state to read; 0 or less is the current one. */
  readonly revision?: number;
  /** Most pairs to return, 0 for all; `count` ignores it. */
  readonly limit?: number;
  /** Reads no values: `kvs` stays empty. */
  readonly countOnly?: boolean;
}

export interface RangeResult {
  /** In key order, as they are stored. */
  readonly kvs: Encoded<KeyValue>[];
  /** Keys in the range, whatever the limit. */
  readonly count: number;
  /** The current revision, not the one that was asked for. */
  readonly revision: number;
}

/** What a key is now, without its value. */
export interface KeyHead {
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
}

/** A state of the key space that can be read: the store's own, or that of a transaction with its writes. */
export interface Reader {
  /** The revision of the last finished write. A transaction with changes reads one above it. */
  readonly revision: number;
  /**
   * The keys of `[key, end)`, or `key` alone when `end` is empty; an `end` of `"\0"` is no bound at all.
   *
   * @throws EtcdError `futureRevision` or `compacted`
   */
  range(key: Key, end: Key, options?: RangeOptions): RangeResult;
  /** The current state of one key without its value, mostly from the index alone; undefined when it does not exist. */
  head(key: Key): KeyHead | undefined;
}

/**
 * A state that can be read in steps. Others may write between two of them: the state that is read stays what it was
 * when the first step began. Compaction must not pass it meanwhile (`Store.pin`).
 */
export interface SteppedReader extends Reader {
  /** As `range`. */
  rangeInSteps(key: Key, end: Key, options: RangeOptions, budget: WorkBudget): Steps<RangeResult>;
  /** Visits the current state of each key in the range, in key order, until `visit` returns false. Reads no values. */
  headsInSteps(key: Key, end: Key, budget: WorkBudget, visit: (head: KeyHead) => boolean): Steps<void>;
  /** Visits the current pair of each key in the range, in key order, until `visit` returns false. Keeps none. */
  pairsInSteps(key: Key, end: Key, budget: WorkBudget, visit: (kv: Encoded<KeyValue>) => boolean): Steps<void>;
}
