import type { Key } from "../base/index.js";
import { type Encoded, KeyValue } from "../wire/index.js";

/** One put or delete of a revision, with all that a watcher needs. */
export interface Change {
  readonly type: "put" | "delete";
  readonly key: Key;
  /** The pair in an event: the whole pair, or for a delete its key and revision. */
  readonly kv: Encoded<KeyValue>;
  readonly modRevision: number;
  /** The pair before this revision, if it was in memory. Undefined when there was none, or when it has to be read. */
  readonly previous: Encoded<KeyValue> | undefined;
  /** Revision at which the key was last created; 0 for a delete. */
  readonly createRevision: number;
  /** Number of puts since the key was created, from 1; 0 for a delete. */
  readonly version: number;
  /** The lease that this put attaches the key to; 0 means none. */
  readonly leaseId: bigint;
}

/** The delete of a key. Its pair is encoded only when a watcher needs it: one entry may delete very many keys. */
export class Deletion implements Change {
  readonly type = "delete";
  readonly key: Key;
  readonly modRevision: number;
  readonly previous: Encoded<KeyValue> | undefined;
  readonly createRevision = 0;
  readonly version = 0;
  readonly leaseId = 0n;

  constructor(key: Key, modRevision: number, previous?: Encoded<KeyValue>) {
    this.key = key;
    this.modRevision = modRevision;
    this.previous = previous;
  }

  get kv(): Encoded<KeyValue> {
    return KeyValue.encode(KeyValue.create({ key: this.key, modRevision: this.modRevision }));
  }
}

/**
 * Memory of a change, in bytes, without its objects. The pair of a delete is not encoded for this, since one revision
 * may delete very many keys: its key is about as long.
 */
export function changeBytes(change: Change): number {
  const pairBytes = change.type === "delete" ? change.key.length : change.kv.length;
  return pairBytes + (change.previous?.length ?? 0);
}
