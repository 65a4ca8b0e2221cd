import type { Key, LeaseId } from "../base/index.js";
import type { Queued } from "./expiry-queue.js";

/** A lease as others see it. It stays valid to read after the lease is gone. */
export interface Lease {
  readonly id: LeaseId;
  /** What was granted. */
  readonly ttlSeconds: number;
  /** The keys that die with it, in key order. */
  keys(): Key[];
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
