import type { LeaseId } from "../../src/base/index.js";
import { ExpiryQueue } from "../../src/lease/expiry-queue.js";
import { LeaseView } from "../../src/lease/lease.js";
import { expiryFields, LeaseTable, noLease } from "../../src/lease/lease-table.js";
import { same } from "../support/random-rounds.js";

interface Modelled {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  readonly view: LeaseView;
  /** In the order in which they were attached. */
  readonly keys: Set<string>;
  exists: boolean;
  /** When the lease ends; undefined while it is not in the queue. */
  due: number | undefined;
}

/** Leases in a table, with a queue of those that end, and the same leases in maps. */
export class LeasePair {
  readonly table = new LeaseTable();
  readonly queue = new ExpiryQueue(this.table.rows, ...expiryFields);
  readonly leases = new Map<LeaseId, Modelled>();
  readonly #leaseOf = new Map<string, Modelled>();
  /** The leases that were revoked last. Their views must not show the leases that have got their rows. */
  #revoked: Modelled[] = [];

  /** Grants a lease, unless there is one with this id. */
  grant(id: LeaseId, ttlSeconds: number): void {
    same(this.table.find(id) !== noLease, this.leases.has(id), `whether lease ${id} exists`);
    if (this.leases.has(id)) return;
    const view = new LeaseView(this.table, this.table.add(id, ttlSeconds));
    this.leases.set(id, { id, ttlSeconds, view, keys: new Set(), exists: true, due: undefined });
  }

  /** Revokes a lease. Its keys stay attached until they are detached. */
  revoke(id: LeaseId): void {
    const lease = this.leases.get(id);
    const row = this.table.find(id);
    same(row !== noLease, lease !== undefined, `whether lease ${id} exists`);
    if (lease === undefined) return;
    this.queue.remove(row);
    this.table.remove(row);
    this.leases.delete(id);
    lease.exists = false;
    this.#revoked = [lease, ...this.#revoked.slice(0, 20)];
  }

  attach(key: string, id: LeaseId): void {
    const lease = this.leases.get(id);
    const before = this.#leaseOf.get(key);
    if (lease === undefined || before === lease) return;
    this.table.attach(key, this.table.find(id));
    before?.keys.delete(key);
    lease.keys.add(key);
    this.#leaseOf.set(key, lease);
  }

  detach(key: string): void {
    const of = this.table.leaseOf(key);
    // A revoked lease keeps its row until its last key is detached.
    same(of === noLease ? undefined : this.table.id(of), this.#leaseOf.get(key)?.id, `lease of ${key}`);
    this.table.detach(key);
    this.#leaseOf.get(key)?.keys.delete(key);
    this.#leaseOf.delete(key);
  }

  /** Sets when a lease ends. */
  keep(id: LeaseId, due: number): void {
    const lease = this.leases.get(id);
    if (lease === undefined) return;
    this.queue.set(this.table.find(id), due);
    lease.due = due;
  }

  /** Compares all leases, their keys, and which of them ends first. */
  check(): void {
    const { table, leases } = this;
    same(table.size, leases.size, "number of leases");
    const ids = Array.from(table.each(), (row) => table.id(row));
    same(new Set(ids).size, leases.size, "number of ids");
    same(
      ids.every((id) => leases.has(id)),
      true,
      "whether all ids are those of leases",
    );
    let [first, queued] = [Number.POSITIVE_INFINITY, 0];
    for (const lease of leases.values()) {
      checkView(lease);
      if (lease.due === undefined) continue;
      queued++;
      first = Math.min(first, lease.due);
    }
    for (const lease of this.#revoked) checkView(lease);
    same(this.queue.size, queued, "leases in the queue");
    if (queued > 0) same(this.queue.due(this.queue.first()), first, "when the first lease ends");
    for (const [key, { id }] of this.#leaseOf) same(table.id(table.leaseOf(key)), id, `lease of ${key}`);
  }

  /** Detaches all keys and revokes all leases: no row may be in use then. */
  clear(): void {
    for (const [at, id] of [...this.leases.keys()].entries()) if (at % 2 === 0) this.revoke(id);
    for (const key of [...this.#leaseOf.keys()]) this.detach(key);
    for (const id of [...this.leases.keys()]) this.revoke(id);
    this.check();
    same(this.table.rows.used, 0, "rows of no lease");
  }
}

function checkView({ id, ttlSeconds, view, keys, exists }: Modelled): void {
  same(view.id, id, "id");
  same(view.ttlSeconds, ttlSeconds, "time to live");
  same(view.exists, exists, `whether lease ${id} exists`);
  same(view.keyCount, exists ? keys.size : 0, `number of keys of ${id}`);
  const attached = [...view.eachKey()];
  same(attached.length, view.keyCount, `keys of ${id}`);
  same(view.keys().join(), exists ? [...keys].sort().join() : "", `keys of ${id} in order`);
  if (exists) for (const [at, key] of [...keys].entries()) same(attached[at], key, `key of ${id}`);
}
