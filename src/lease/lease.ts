import { type Key, type LeaseId, type Steps, sortKeysInSteps, type WorkBudget } from "../base/index.js";
import type { LeaseRow, LeaseTable } from "./lease-table.js";

/** The public view of a lease. Its id and time to live can still be read after the lease is revoked. */
export interface Lease {
  readonly id: LeaseId;
  /** Granted time to live in seconds. */
  readonly ttlSeconds: number;
  /** The lease has not been revoked. Without it, the lease has no keys here. */
  readonly exists: boolean;
  readonly keyCount: number;
  /** Keys that are deleted with the lease, in key order. */
  keys(): Key[];
  /** Like `keys`, in steps. Keys that are attached or detached between two steps may be missing. */
  keysInSteps(budget: WorkBudget): Steps<Key[]>;
  /** Like `keysInSteps`, but most keys are outside of V8's heap until they are walked. */
  sortedKeysInSteps(budget: WorkBudget): Steps<Iterable<Key>>;
  /** Keys of the lease in no particular order. Keys may be detached meanwhile; they are skipped. */
  eachKey(): Iterable<Key>;
}

/** Bytes that could be read in the time in which a key is taken from a sorted list, in the unit of `WorkBudget`. */
const bytesOfName = 256;

/** A lease of a table. There is no object for it beside the views that somebody asked for. */
export class LeaseView implements Lease {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  readonly #table: LeaseTable;
  readonly #row: LeaseRow;
  readonly #serial: number;

  constructor(table: LeaseTable, row: LeaseRow) {
    this.#table = table;
    this.#row = row;
    this.#serial = table.serial(row);
    this.id = table.id(row);
    this.ttlSeconds = table.ttlSeconds(row);
  }

  get exists(): boolean {
    return this.#table.serial(this.#row) === this.#serial;
  }

  /** Expiry in milliseconds on the lessor's clock, valid on the primary only; Infinity for a lease that is revoked. */
  get expiry(): number {
    return this.exists ? this.#table.expiry(this.#row) : Number.POSITIVE_INFINITY;
  }

  get keyCount(): number {
    return this.exists ? this.#table.keyCount(this.#row) : 0;
  }

  keys(): Key[] {
    return [...this.eachKey()].sort();
  }

  *keysInSteps(budget: WorkBudget): Steps<Key[]> {
    const keys: Key[] = [];
    for (const key of yield* this.sortedKeysInSteps(budget)) {
      keys.push(key);
      if (budget.over(bytesOfName)) yield;
    }
    return keys;
  }

  sortedKeysInSteps(budget: WorkBudget): Steps<Iterable<Key>> {
    return sortKeysInSteps(this.eachKey(), budget);
  }

  eachKey(): Iterable<Key> {
    return this.exists ? this.#table.keys(this.#row) : [];
  }
}
