import type { Key } from "../base/index.js";
import type { Encoded, KeyValue } from "../wire/index.js";

/** One put or delete of a revision, as whoever watches wants to hear of it. */
export interface Change {
  readonly type: "put" | "delete";
  readonly key: Key;
  /** What an event carries: the whole pair, or of a delete its key and revision. */
  readonly kv: Encoded<KeyValue>;
  readonly modRevision: number;
  /** Revision that began this life of the key; 0 for a delete. */
  readonly createRevision: number;
  /** Puts in this life of the key, from 1; 0 for a delete. */
  readonly version: number;
  /** The lease that this put attaches the key to; 0: none. */
  readonly leaseId: bigint;
}

/** Hears of every revision when it is complete and readable, synchronously, in order. */
export type ChangeListener = (revision: number, changes: readonly Change[]) => void;
