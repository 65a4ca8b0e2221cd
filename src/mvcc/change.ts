import type { Key, Steps, WorkBudget } from "../base/index.js";
import type { Encoded, KeyValue } from "../wire/index.js";

/** One put or delete of a revision, as whoever watches wants to hear of it. */
export interface Change {
  readonly type: "put" | "delete";
  readonly key: Key;
  /** What an event carries: the whole pair, or of a delete its key and revision. */
  readonly kv: Encoded<KeyValue>;
  readonly modRevision: number;
  /** The pair before this revision, when it was in memory anyway; undefined when there was none or it is to be read. */
  readonly previous: Encoded<KeyValue> | undefined;
  /** Revision that began this life of the key; 0 for a delete. */
  readonly createRevision: number;
  /** Puts in this life of the key, from 1; 0 for a delete. */
  readonly version: number;
  /** The lease that this put attaches the key to; 0: none. */
  readonly leaseId: bigint;
}

/** Hears of every revision when it is complete and readable, at once and in order. */
export type ChangeListener = (revision: number, changes: readonly Change[]) => void;

/**
 * As a `ChangeListener`, of one that may have much to do.
 *
 * @returns what is left to do after this call; the next revision begins only when that is done
 */
export type ChangeTeller = (
  revision: number,
  changes: readonly Change[],
  budget: WorkBudget,
) => Steps<void> | undefined;
