import { type Key, type LeaseId, type Steps, sortInSteps, WideMap, type WorkBudget } from "../base/index.js";
import type { Queued } from "./expiry-queue.js";

/** The most keys of a lease in a `Set`, which doubles its table in one step. */
const setMax = 8192;

/** The public view of a lease. It can still be read after the lease is revoked. */
export interface Lease {
  readonly id: LeaseId;
  /** Granted time to live in seconds. */
  readonly ttlSeconds: number;
  readonly keyCount: number;
  /** Keys that are deleted with the lease, in key order. */
  keys(): Key[];
  /** Like `keys` as of the first step, in steps. */
  keysInSteps(budget: WorkBudget): Steps<Key[]>;
  /** Keys of the lease in no particular order. */
  eachKey(): Iterable<Key>;
}

/** A lease in the lessor. `due` is when the lessor looks at it next, `expiry` when it runs out. */
export class HeldLease implements Lease, Queued {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  /** Time to live that was left at the last checkpoint, in seconds; 0 without a valid checkpoint. */
  checkpointSeconds: number;
  /** Expiry in milliseconds on the lessor's clock; valid on the primary only. */
  expiry = Number.POSITIVE_INFINITY;
  due = Number.POSITIVE_INFINITY;
  slot = -1;
  /**
   * A single key is kept without a set: most leases hold one key, and a million sets would take more memory than the
   * leases. Very many keys get a set that grows in small steps.
   */
  #keys: Key | Set<Key> | WideMap<Key, true> | undefined;

  constructor(id: LeaseId, ttlSeconds: number, checkpointSeconds = 0) {
    this.id = id;
    this.ttlSeconds = ttlSeconds;
    this.checkpointSeconds = checkpointSeconds;
  }

  /** Time to live in seconds that the lease gets from a new primary. */
  get renewalSeconds(): number {
    return this.checkpointSeconds > 0 ? this.checkpointSeconds : this.ttlSeconds;
  }

  keys(): Key[] {
    if (this.#keys === undefined) return [];
    return typeof this.#keys === "string" ? [this.#keys] : [...this.#keys.keys()].sort();
  }

  get keyCount(): number {
    if (this.#keys === undefined) return 0;
    return typeof this.#keys === "string" ? 1 : this.#keys.size;
  }

  *keysInSteps(budget: WorkBudget): Steps<Key[]> {
    // Copying the keys at once is fine: it takes a thousandth of the time of sorting.
    return yield* sortInSteps([...this.eachKey()], compareKeys, budget);
  }

  eachKey(): Iterable<Key> {
    if (this.#keys === undefined) return [];
    return typeof this.#keys === "string" ? [this.#keys] : this.#keys.keys();
  }

  addKey(key: Key): void {
    if (this.#keys === undefined || this.#keys === key) this.#keys = key;
    else if (typeof this.#keys === "string") this.#keys = new Set([this.#keys, key]);
    else if (this.#keys instanceof WideMap) this.#keys.set(key, true);
    else {
      this.#keys.add(key);
      if (this.#keys.size > setMax) this.#keys = widened(this.#keys);
    }
  }

  removeKey(key: Key): void {
    if (this.#keys === key) this.#keys = undefined;
    else if (typeof this.#keys === "object") this.#keys.delete(key);
  }
}

function widened(keys: Set<Key>): WideMap<Key, true> {
  const wide = new WideMap<Key, true>();
  for (const key of keys) wide.set(key, true);
  return wide;
}

/** Keys are latin1 strings, so comparing two of them compares their bytes. */
function compareKeys(one: Key, other: Key): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
