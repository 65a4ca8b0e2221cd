import type { Key, Steps, WorkBudget } from "../base/index.js";
import type { Encoded, KeyValue } from "../wire/index.js";
import type { RevisionBounds } from "./revision-bounds.js";

export interface RangeOptions {
  /** The revision to read; 0 or less means the current one. */
  readonly revision?: number;
  /** The most pairs to return; 0 means all. `count` ignores it. */
  readonly limit?: number;
  /** Counts only: no values are read, and `kvs` stays empty. */
  readonly countOnly?: boolean;
  /** Reads pairs without their values, mostly from the index alone. */
  readonly keysOnly?: boolean;
  /** Leaves out pairs that the index knows to be outside of these bounds. The limit must be 0 then. */
  readonly bounds?: RevisionBounds | undefined;
}

export interface RangeResult {
  /** Pairs in key order, as they are stored, or without their values. */
  readonly kvs: Encoded<KeyValue>[];
  /** Number of keys in the range, regardless of the limit. */
  readonly count: number;
  /** The current revision, even when an older one was read. */
  readonly revision: number;
}

/** The current state of a key, without its value. */
export interface KeyHead {
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
}

/** A readable state of the key space: the store's own, or that of a transaction including its writes. */
export interface Reader {
  /** Revision of the last finished write. A transaction with changes reads at the revision above it. */
  readonly revision: number;
  /**
   * Reads the keys of `[key, end)`, or only `key` when `end` is empty. An `end` of `"\0"` means no upper bound.
   *
   * @throws EtcdError `futureRevision` or `compacted`
   */
  range(key: Key, end: Key, options?: RangeOptions): RangeResult;
  /**
   * The current state of one key without its value, mostly from the index alone; undefined when the key does not exist.
   */
  head(key: Key): KeyHead | undefined;
}

/**
 * A state that can be read in steps. Writes may happen between steps; the state stays as it was when the first step
 * began. No compaction may pass it meanwhile (`Store.pin`).
 */
export interface SteppedReader extends Reader {
  /** Like `range`, in steps. */
  rangeInSteps(key: Key, end: Key, options: RangeOptions, budget: WorkBudget): Steps<RangeResult>;
  /** Visits the current state of each key in the range, in key order, until `visit` returns false. Reads no values. */
  headsInSteps(key: Key, end: Key, budget: WorkBudget, visit: (head: KeyHead) => boolean): Steps<void>;
  /**
   * Visits the current pair of each key in the range, in key order, until `visit` returns false. Keeps no pairs.
   *
   * @param keysOnly reads the pairs without their values; false by default
   */
  pairsInSteps(
    key: Key,
    end: Key,
    budget: WorkBudget,
    visit: (kv: Encoded<KeyValue>) => boolean,
    keysOnly?: boolean,
  ): Steps<void>;
}
