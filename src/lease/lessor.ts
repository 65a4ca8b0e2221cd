import type { Backend } from "../backend/index.js";
import {
  assert,
  type Clock,
  EtcdError,
  finish,
  type Key,
  type LeaseId,
  type Logger,
  type Steps,
  sortInSteps,
  unboundedWork,
  type WorkBudget,
} from "../base/index.js";
import { leasepb } from "../wire/index.js";
import { type Checkpoint, CheckpointSchedule } from "./checkpoints.js";
import { LeaseCounters } from "./counters.js";
import { ExpiryQueue } from "./expiry-queue.js";
import { ExpiryWaiters } from "./expiry-waiters.js";
import { type Lease, LeaseView } from "./lease.js";
import { expiryFields, type LeaseRow, LeaseTable, noLease } from "./lease-table.js";
import { spreadExpiries } from "./spread-expiries.js";

/** The longest time to live, as in etcd: 285 years. */
const leaseTtlMaxSeconds = 9_000_000_000;
/** The most expired leases that the primary revokes per second, so that revocations do not crowd out other requests. */
export const leaseRevokesPerSecond = 5_000;
/** Number of checkpoints in one proposal. */
const checkpointBatch = 1_000;
/** The most checkpoints proposed by one call. */
const checkpointsAtOnce = 500 * checkpointBatch;
/** Time after which an expired lease that still exists is reported again: its revocation may have been lost. */
const retryMs = 3_000;
const secondMs = 1_000;
/** Cost of adding a lease to the queues, in the unit of `WorkBudget`: bytes that could be read in the same time. */
const bytesOfQueueing = 1_024;

export interface CheckpointOptions {
  readonly intervalSeconds: number;
  /** Proposes checkpoints; resolves when they are applied. */
  readonly propose: (checkpoints: readonly Checkpoint[]) => Promise<void>;
}

export interface LessorOptions {
  readonly backend: Backend;
  /** Clock on which leases run out. */
  readonly clock: Pick<Clock, "now">;
  readonly logger: Logger;
  /** Counters to continue with; new ones by default. */
  readonly counters?: LeaseCounters;
  /** Least time to live; a shorter one is raised to it. */
  readonly minTtlSeconds: number;
  /** Options of checkpoints; undefined means that this member proposes none. */
  readonly checkpoints?: CheckpointOptions | undefined;
  /**
   * Whether applied checkpoints are also stored on disk, so that they survive a restart of all members. All members
   * must decide alike, whoever proposed the checkpoints. By default they are not stored.
   */
  readonly persistsCheckpoints?: (() => boolean) | undefined;
}

/**
 * Holds all leases, counts them down while it is primary, and reports those that have run out. It deletes nothing by
 * itself: only applying the log calls `grant`, `revoke`, `attach`, `detach` and `checkpoint`.
 */
export class Lessor {
  #backend: Backend;
  readonly #clock: Pick<Clock, "now">;
  readonly #logger: Logger;
  readonly #counters: LeaseCounters;
  readonly #minTtlSeconds: number;
  readonly #checkpoints: CheckpointOptions | undefined;
  readonly #persistsCheckpoints: () => boolean;

  #table = new LeaseTable();
  #primary = false;
  /** Identity of the `promoteInSteps` under way. When it is replaced or cleared, that promotion stops. */
  #promotion: object | undefined;
  /** Every lease while primary; empty otherwise. */
  #queue: ExpiryQueue;
  #schedule: CheckpointSchedule;
  readonly #waiters = new ExpiryWaiters();

  constructor(options: LessorOptions) {
    this.#backend = options.backend;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#counters = options.counters ?? new LeaseCounters();
    this.#minTtlSeconds = options.minTtlSeconds;
    this.#checkpoints = options.checkpoints;
    this.#persistsCheckpoints = options.persistsCheckpoints ?? (() => false);
    this.#queue = this.#newQueue();
    this.#schedule = this.#newSchedule();
  }

  /** Bytes that the leases and their keys use outside of V8's heap. */
  get usedBytes(): number {
    return this.#table.usedBytes;
  }

  /** Reads the leases from the backend. Call it before the store is restored, which attaches keys to them. */
  async restore(): Promise<void> {
    for await (const batch of this.#backend.batches("lease")) {
      for (const [, bytes] of batch) {
        const { id, ttl, remainingTtl } = leasepb.Lease.decode(bytes);
        const ttlSeconds = Math.max(ttl, this.#minTtlSeconds);
        this.#table.add(id as LeaseId, ttlSeconds, remainingTtl);
      }
    }
  }

  /**
   * Continues with the leases and the backend of `other`, which has no other user, at once. Must not be called while
   * primary.
   */
  replaceWith(other: Lessor): void {
    assert(!this.#primary && this.#promotion === undefined, "a primary's leases are not replaced");
    this.#backend = other.#backend;
    this.#table = other.#table;
    this.#queue = this.#newQueue();
    this.#schedule = this.#newSchedule();
  }

  /** @throws EtcdError `leaseNotFound` for id 0, `leaseTtlTooLarge`, `leaseExists` */
  grant(id: LeaseId, ttlSeconds: number): Lease {
    if (id === 0n) throw new EtcdError("leaseNotFound");
    if (ttlSeconds > leaseTtlMaxSeconds) throw new EtcdError("leaseTtlTooLarge");
    if (this.#table.find(id) !== noLease) throw new EtcdError("leaseExists");
    const lease = this.#table.add(id, Math.max(ttlSeconds, this.#minTtlSeconds));
    this.#persist(lease);
    this.#counters.granted++;
    this.#counters.ttlSeconds.observe(this.#table.ttlSeconds(lease));
    if (this.#primary || this.#promotion !== undefined) this.#restart(lease, this.#clock.now());
    return new LeaseView(this.#table, lease);
  }

  /**
   * Removes the lease. The caller deletes its keys and calls `detach`; these deletes must be in the same batch of the
   * backend.
   * @throws EtcdError `leaseNotFound`
   */
  revoke(id: LeaseId): void {
    const lease = this.#table.find(id);
    if (lease === noLease) throw new EtcdError("leaseNotFound");
    this.#counters.revoked++;
    this.#queue.remove(lease);
    this.#schedule.forget(lease);
    this.#table.remove(lease);
    this.#backend.delete("lease", recordKey(id));
    this.#waiters.revoked(id);
  }

  /** Records the remaining time of a lease; does nothing when the lease is gone. */
  checkpoint(id: LeaseId, remainingSeconds: number): void {
    const lease = this.#table.find(id);
    if (lease === noLease) return;
    this.#table.setCheckpointSeconds(lease, remainingSeconds);
    if (this.#persistsCheckpoints()) this.#persist(lease);
    if (this.#primary) this.#schedule.schedule(lease, this.#clock.now());
  }

  /** Attaches a key to a lease, and detaches it from any other. @returns false when there is no such lease */
  attach(id: LeaseId, key: Key): boolean {
    const lease = this.#table.find(id);
    if (lease === noLease) return false;
    this.#table.attach(key, lease);
    return true;
  }

  detach(key: Key): void {
    this.#table.detach(key);
  }

  /** Lease of a key; 0 when it has none. */
  leaseOf(key: Key): LeaseId | 0n {
    const lease = this.#table.leaseOf(key);
    return lease === noLease ? 0n : this.#table.id(lease);
  }

  lookup(id: LeaseId): Lease | undefined {
    const lease = this.#table.find(id);
    return lease === noLease ? undefined : new LeaseView(this.#table, lease);
  }

  /**
   * All leases, in steps; on the primary the next to expire first. A lease that is granted, revoked or renewed between
   * two steps may be missing or out of order.
   */
  *leasesInSteps(budget: WorkBudget): Steps<Lease[]> {
    const leases: LeaseView[] = [];
    for (const row of this.#table.each()) {
      leases.push(new LeaseView(this.#table, row));
      if (budget.over(0)) yield;
    }
    return this.#primary ? yield* sortInSteps(leases, (one, other) => one.expiry - other.expiry, budget) : leases;
  }

  get primary(): boolean {
    return this.#primary;
  }

  /**
   * Remaining time in whole seconds; negative when the lease has run out but is not revoked yet. Undefined unless
   * primary.
   */
  remainingSeconds(id: LeaseId): number | undefined {
    const lease = this.#table.find(id);
    if (lease === noLease || !this.#primary) return undefined;
    return Math.trunc((this.#table.expiry(lease) - this.#clock.now()) / secondMs) + 0;
  }

  /**
   * Renews the lease if nothing has to be waited for. @returns its time to live in seconds; undefined when this member
   * is not primary, when there is no such lease, and when `renew` has to wait
   */
  renewAtOnce(id: LeaseId): number | undefined {
    const table = this.#table;
    const lease = this.#primary ? table.find(id) : noLease;
    if (lease === noLease || table.expiry(lease) <= this.#clock.now()) return undefined;
    if (this.#checkpoints !== undefined && table.checkpointSeconds(lease) > 0) return undefined;
    return this.#renewNow(lease);
  }

  /**
   * Renews the lease and returns its time to live in seconds. When the lease has run out already, this waits until the
   * log decides.
   * @throws EtcdError `notLeader` when this member is not or no longer primary, `leaseNotFound`; the signal's reason
   */
  async renew(id: LeaseId, signal: AbortSignal): Promise<number> {
    const ttlSeconds = this.renewAtOnce(id);
    if (ttlSeconds !== undefined) return ttlSeconds;
    const lease = this.#heldByPrimary(id);
    if (this.#table.expiry(lease) <= this.#clock.now()) return await this.#waiters.wait(id, signal);
    const serial = this.#table.serial(lease);
    // Clear the checkpoint first. Otherwise the next primary would count down from it, although the lease was renewed
    // later.
    await this.#checkpoints?.propose([{ id, remainingSeconds: 0 }]);
    if (this.#table.serial(this.#heldByPrimary(id)) !== serial) throw new EtcdError("leaseNotFound");
    return this.#renewNow(lease);
  }

  /**
   * Returns at most `limit` leases that have run out, the earliest first. Each is returned again after `retryMs` while
   * it is not revoked. Empty unless primary.
   */
  expired(limit: number): LeaseId[] {
    if (!this.#primary) return [];
    const now = this.#clock.now();
    const ids: LeaseId[] = [];
    const queue = this.#queue;
    for (let lease = queue.first(); lease !== noLease && queue.due(lease) <= now; lease = queue.first()) {
      if (ids.length === limit) break;
      queue.set(lease, now + retryMs);
      ids.push(this.#table.id(lease));
    }
    return ids;
  }

  /** Proposes the checkpoints that are due, in bounded batches. Does nothing unless primary and configured. */
  async proposeCheckpoints(): Promise<void> {
    if (this.#checkpoints === undefined || !this.#primary) return;
    for (let proposed = 0; proposed < checkpointsAtOnce; proposed += checkpointBatch) {
      const due = this.#schedule.due(this.#clock.now(), checkpointBatch);
      if (due.length > 0) await this.#checkpoints.propose(due);
      if (due.length < checkpointBatch) return;
    }
  }

  /** Like `promoteInSteps`, at once. */
  promote(extendMs: number): void {
    finish(this.promoteInSteps(extendMs, unboundedWork));
  }

  /**
   * Becomes primary and starts the countdown: every lease gets its full time to live again, or the time left at its
   * checkpoint, plus `extendMs` for the time without a primary. This lessor is primary after the last step, unless it
   * was demoted meanwhile. Leases may be granted and revoked between steps.
   */
  *promoteInSteps(extendMs: number, budget: WorkBudget): Steps<void> {
    const promotion = {};
    this.#promotion = promotion;
    const table = this.#table;
    // Leases that are granted from now on are running already.
    const newest = table.newestSerial;
    const leases = yield* this.#byRenewal(budget);
    const remainingMs = new Float64Array(leases.length);
    for (const [at, lease] of leases.entries()) {
      remainingMs[at] = extendMs + table.renewalSeconds(lease) * secondMs;
      if (budget.over(0)) yield;
    }
    // Only three quarters of the rate, which leaves room for other leases that expire meanwhile.
    const crowded = leases.length >= leaseRevokesPerSecond;
    const delays = crowded ? yield* spreadExpiries(remainingMs, (3 * leaseRevokesPerSecond) / 4, budget) : undefined;
    const now = this.#clock.now();
    for (const [at, lease] of leases.entries()) {
      if (budget.over(bytesOfQueueing)) yield;
      if (this.#promotion !== promotion) return;
      // The lease has been revoked since, or another one has its row.
      const serial = table.serial(lease);
      if (serial === 0 || serial > newest) continue;
      this.#run(lease, now + (remainingMs[at] ?? 0) + (delays?.[at] ?? 0));
      if (this.#checkpoints !== undefined) this.#schedule.schedule(lease, now);
    }
    if (this.#promotion !== promotion) return;
    this.#promotion = undefined;
    this.#primary = true;
    this.#logger.debug("promoted lessor", { leases: leases.length });
  }

  /** Stops the countdown; no lease expires here until the next `promote`. */
  demote(): void {
    this.#primary = false;
    this.#promotion = undefined;
    this.#queue.clear();
    this.#schedule.clear();
    this.#waiters.demoted();
  }

  #newQueue(): ExpiryQueue {
    return new ExpiryQueue(this.#table.rows, ...expiryFields);
  }

  #newSchedule(): CheckpointSchedule {
    return new CheckpointSchedule(this.#table, this.#checkpoints?.intervalSeconds ?? Number.POSITIVE_INFINITY);
  }

  #heldByPrimary(id: LeaseId): LeaseRow {
    if (!this.#primary) throw new EtcdError("notLeader");
    const lease = this.#table.find(id);
    if (lease === noLease) throw new EtcdError("leaseNotFound");
    return lease;
  }

  #renewNow(lease: LeaseRow): number {
    const ttlSeconds = this.#table.ttlSeconds(lease);
    this.#run(lease, this.#clock.now() + ttlSeconds * secondMs);
    this.#counters.renewed++;
    return ttlSeconds;
  }

  #restart(lease: LeaseRow, now: number): void {
    this.#run(lease, now + this.#table.renewalSeconds(lease) * secondMs);
    if (this.#checkpoints !== undefined) this.#schedule.schedule(lease, now);
  }

  #run(lease: LeaseRow, expiry: number): void {
    assert(this.#primary || this.#promotion !== undefined, "leases run out on the primary only");
    this.#table.setExpiry(lease, expiry);
    this.#queue.set(lease, expiry);
  }

  /**
   * All leases, the shortest time to live first. Many leases share few times to live, so these are sorted, not the
   * leases.
   */
  *#byRenewal(budget: WorkBudget): Steps<LeaseRow[]> {
    const bySeconds = new Map<number, LeaseRow[]>();
    for (const lease of this.#table.each()) {
      const seconds = this.#table.renewalSeconds(lease);
      const same = bySeconds.get(seconds);
      if (same === undefined) bySeconds.set(seconds, [lease]);
      else same.push(lease);
      if (budget.over(0)) yield;
    }
    const leases: LeaseRow[] = [];
    for (const [, same] of [...bySeconds].sort(([one], [other]) => one - other)) {
      for (const lease of same) {
        leases.push(lease);
        if (budget.over(0)) yield;
      }
    }
    return leases;
  }

  #persist(lease: LeaseRow): void {
    const table = this.#table;
    const id = table.id(lease);
    const [ttl, remainingTtl] = [table.ttlSeconds(lease), table.checkpointSeconds(lease)];
    this.#backend.put("lease", recordKey(id), leasepb.Lease.encode({ id, ttl, remainingTtl }));
  }
}

/** The stored key of a lease: its id as eight big-endian bytes in two's complement. */
function recordKey(id: LeaseId): Uint8Array {
  const key = Buffer.allocUnsafe(8);
  key.writeBigInt64BE(id);
  return key;
}
