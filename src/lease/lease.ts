import { type Key, type LeaseId, type Steps, sortInSteps, type WorkBudget } from "../base/index.js";
import type { Queued } from "./expiry-queue.js";

/** A lease as others see it. It stays valid to read after the lease is gone. */
export interface Lease {
  readonly id: LeaseId;
  /** What was granted. */
  readonly ttlSeconds: number;
  readonly keyCount: number;
  /** The keys that die with it, in key order. */
  keys(): Key[];
  /** As `keys` at the first step, in steps. */
  keysInSteps(budget: WorkBudget): Steps<Key[]>;
  /** The keys in no particular order. */
  eachKey(): Iterable<Key>;
}

/** A lease as the lessor holds it. `due` is when it is next looked at, `expiry` when it has run out. */
export class HeldLease implements Lease, Queued {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  /** What was left of the time to live at the last checkpoint; 0 when there is none that counts. */
  checkpointSeconds: number;
  /** Milliseconds on the lessor's clock; means something on the primary only. */
  expiry = Number.POSITIVE_INFINITY;
  due = Number.POSITIVE_INFINITY;
  slot = -1;
  /** Most leases hold one key, and a million sets would cost more than the leases themselves. */
  #keys: Key | Set<Key> | undefined;

  constructor(id: LeaseId, ttlSeconds: number, checkpointSeconds = 0) {
    this.id = id;
    this.ttlSeconds = ttlSeconds;
    this.checkpointSeconds = checkpointSeconds;
  }

  /** What a new primary grants once more. */
  get renewalSeconds(): number {
    return this.checkpointSeconds > 0 ? this.checkpointSeconds : this.ttlSeconds;
  }

  keys(): Key[] {
    if (this.#keys === undefined) return [];
    return typeof this.#keys === "string" ? [this.#keys] : [...this.#keys].sort();
  }

  get keyCount(): number {
    if (this.#keys === undefined) return 0;
    return typeof this.#keys === "string" ? 1 : this.#keys.size;
  }

  *keysInSteps(budget: WorkBudget): Steps<Key[]> {
    // Copying is a thousandth of the sorting.
    return yield* sortInSteps([...this.eachKey()], compareKeys, budget);
  }

  eachKey(): Iterable<Key> {
    if (this.#keys === undefined) return [];
    return typeof this.#keys === "string" ? [this.#keys] : this.#keys;
  }

  addKey(key: Key): void {
    if (this.#keys === undefined || this.#keys === key) this.#keys = key;
    else if (typeof this.#keys === "string") this.#keys = new Set([this.#keys, key]);
    else this.#keys.add(key);
  }

  removeKey(key: Key): void {
    if (this.#keys === key) this.#keys = undefined;
    else if (this.#keys instanceof Set) this.#keys.delete(key);
  }
}

/** Keys are latin1 strings: comparing two is comparing their bytes. */
function compareKeys(one: Key, other: Key): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
