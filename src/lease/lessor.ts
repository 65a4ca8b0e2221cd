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
  WideMap,
  type WorkBudget,
} from "../base/index.js";
import { leasepb } from "../wire/index.js";
import { type Checkpoint, CheckpointSchedule } from "./checkpoints.js";
import { LeaseCounters } from "./counters.js";
import { ExpiryQueue } from "./expiry-queue.js";
import { ExpiryWaiters } from "./expiry-waiters.js";
import { HeldLease, type Lease } from "./lease.js";
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

  #leases = new WideMap<LeaseId, HeldLease>();
  #leaseOfKey = new WideMap<Key, HeldLease>();
  #primary = false;
  /** Identity of the `promoteInSteps` under way. When it is replaced or cleared, that promotion stops. */
  #promotion: object | undefined;
  /** Every lease while primary; empty otherwise. */
  readonly #queue = new ExpiryQueue<HeldLease>();
  readonly #schedule: CheckpointSchedule;
  readonly #waiters = new ExpiryWaiters();

  constructor(options: LessorOptions) {
    this.#backend = options.backend;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#counters = options.counters ?? new LeaseCounters();
    this.#minTtlSeconds = options.minTtlSeconds;
    this.#checkpoints = options.checkpoints;
    this.#persistsCheckpoints = options.persistsCheckpoints ?? (() => false);
    this.#schedule = new CheckpointSchedule(options.checkpoints?.intervalSeconds ?? Number.POSITIVE_INFINITY);
  }

  /** Reads the leases from the backend. Call it before the store is restored, which attaches keys to them. */
  async restore(): Promise<void> {
    for await (const batch of this.#backend.batches("lease")) {
      for (const [, bytes] of batch) {
        const { id, ttl, remainingTtl } = leasepb.Lease.decode(bytes);
        const ttlSeconds = Math.max(ttl, this.#minTtlSeconds);
        this.#leases.set(id as LeaseId, new HeldLease(id as LeaseId, ttlSeconds, remainingTtl));
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
    this.#leases = other.#leases;
    this.#leaseOfKey = other.#leaseOfKey;
  }

  /** @throws EtcdError `leaseNotFound` for id 0, `leaseTtlTooLarge`, `leaseExists` */
  grant(id: LeaseId, ttlSeconds: number): Lease {
    if (id === 0n) throw new EtcdError("leaseNotFound");
    if (ttlSeconds > leaseTtlMaxSeconds) throw new EtcdError("leaseTtlTooLarge");
    if (this.#leases.has(id)) throw new EtcdError("leaseExists");
    const lease = new HeldLease(id, Math.max(ttlSeconds, this.#minTtlSeconds));
    this.#leases.set(id, lease);
    this.#persist(lease);
    this.#counters.granted++;
    this.#counters.ttlSeconds.observe(lease.ttlSeconds);
    if (this.#primary || this.#promotion !== undefined) this.#restart(lease, this.#clock.now());
    return lease;
  }

  /**
   * Removes the lease. The caller deletes its keys and calls `detach`; these deletes must be in the same batch of the
   * backend.
   * @throws EtcdError `leaseNotFound`
   */
  revoke(id: LeaseId): void {
    const lease = this.#leases.get(id);
    if (lease === undefined) throw new EtcdError("leaseNotFound");
    this.#counters.revoked++;
    this.#leases.delete(id);
    this.#queue.remove(lease);
    this.#schedule.forget(lease);
    this.#backend.delete("lease", recordKey(id));
    this.#waiters.revoked(id);
  }

  /** Records the remaining time of a lease; does nothing when the lease is gone. */
  checkpoint(id: LeaseId, remainingSeconds: number): void {
    const lease = this.#leases.get(id);
    if (lease === undefined) return;
    lease.checkpointSeconds = remainingSeconds;
    if (this.#persistsCheckpoints()) this.#persist(lease);
    if (this.#primary) this.#schedule.schedule(lease, this.#clock.now());
  }

  /** Attaches a key to a lease, and detaches it from any other. @returns false when there is no such lease */
  attach(id: LeaseId, key: Key): boolean {
    const lease = this.#leases.get(id);
    if (lease === undefined) return false;
    const before = this.#leaseOfKey.get(key);
    if (before === lease) return true;
    before?.removeKey(key);
    lease.addKey(key);
    this.#leaseOfKey.set(key, lease);
    return true;
  }

  detach(key: Key): void {
    const lease = this.#leaseOfKey.get(key);
    if (lease === undefined) return;
    lease.removeKey(key);
    this.#leaseOfKey.delete(key);
  }

  /** Lease of a key; 0 when it has none. */
  leaseOf(key: Key): LeaseId | 0n {
    return this.#leaseOfKey.get(key)?.id ?? 0n;
  }

  lookup(id: LeaseId): Lease | undefined {
    return this.#leases.get(id);
  }

  /**
   * All leases, in steps; on the primary the next to expire first. A lease that is granted, revoked or renewed between
   * two steps may be missing or out of order.
   */
  *leasesInSteps(budget: WorkBudget): Steps<Lease[]> {
    const leases: HeldLease[] = [];
    for (const lease of this.#leases.values()) {
      leases.push(lease);
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
    const lease = this.#leases.get(id);
    if (lease === undefined || !this.#primary) return undefined;
    return Math.trunc((lease.expiry - this.#clock.now()) / secondMs) + 0;
  }

  /**
   * Renews the lease and returns its time to live in seconds. When the lease has run out already, this waits until the
   * log decides.
   * @throws EtcdError `notLeader` when this member is not or no longer primary, `leaseNotFound`; the signal's reason
   */
  async renew(id: LeaseId, signal: AbortSignal): Promise<number> {
    const lease = this.#heldByPrimary(id);
    if (lease.expiry <= this.#clock.now()) return await this.#waiters.wait(id, signal);
    if (this.#checkpoints !== undefined && lease.checkpointSeconds > 0) {
      // Clear the checkpoint first. Otherwise the next primary would count down from it, although the lease was renewed
      // later.
      await this.#checkpoints.propose([{ id, remainingSeconds: 0 }]);
      if (this.#heldByPrimary(id) !== lease) throw new EtcdError("leaseNotFound");
    }
    this.#run(lease, this.#clock.now() + lease.ttlSeconds * secondMs);
    this.#counters.renewed++;
    return lease.ttlSeconds;
  }

  /**
   * Returns at most `limit` leases that have run out, the earliest first. Each is returned again after `retryMs` while
   * it is not revoked. Empty unless primary.
   */
  expired(limit: number): LeaseId[] {
    if (!this.#primary) return [];
    const now = this.#clock.now();
    const ids: LeaseId[] = [];
    for (let lease = this.#queue.first(); lease !== undefined && lease.due <= now; lease = this.#queue.first()) {
      if (ids.length === limit) break;
      this.#queue.set(lease, now + retryMs);
      ids.push(lease.id);
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
    const leases = yield* this.#byRenewal(budget);
    const remainingMs = new Float64Array(leases.length);
    for (const [at, lease] of leases.entries()) {
      remainingMs[at] = extendMs + lease.renewalSeconds * secondMs;
      if (budget.over(0)) yield;
    }
    // Only three quarters of the rate, which leaves room for other leases that expire meanwhile.
    const crowded = leases.length >= leaseRevokesPerSecond;
    const delays = crowded ? yield* spreadExpiries(remainingMs, (3 * leaseRevokesPerSecond) / 4, budget) : undefined;
    const now = this.#clock.now();
    for (const [at, lease] of leases.entries()) {
      if (budget.over(bytesOfQueueing)) yield;
      if (this.#promotion !== promotion) return;
      // The lease has been revoked since.
      if (this.#leases.get(lease.id) !== lease) continue;
      lease.expiry = now + (remainingMs[at] ?? 0) + (delays?.[at] ?? 0);
      this.#queue.set(lease, lease.expiry);
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

  #heldByPrimary(id: LeaseId): HeldLease {
    if (!this.#primary) throw new EtcdError("notLeader");
    const lease = this.#leases.get(id);
    if (lease === undefined) throw new EtcdError("leaseNotFound");
    return lease;
  }

  #restart(lease: HeldLease, now: number): void {
    this.#run(lease, now + lease.renewalSeconds * secondMs);
    if (this.#checkpoints !== undefined) this.#schedule.schedule(lease, now);
  }

  #run(lease: HeldLease, expiry: number): void {
    assert(this.#primary || this.#promotion !== undefined, "leases run out on the primary only");
    lease.expiry = expiry;
    this.#queue.set(lease, expiry);
  }

  /**
   * All leases, the shortest time to live first. Many leases share few times to live, so these are sorted, not the
   * leases.
   */
  *#byRenewal(budget: WorkBudget): Steps<HeldLease[]> {
    const bySeconds = new Map<number, HeldLease[]>();
    for (const lease of this.#leases.values()) {
      const same = bySeconds.get(lease.renewalSeconds);
      if (same === undefined) bySeconds.set(lease.renewalSeconds, [lease]);
      else same.push(lease);
      if (budget.over(0)) yield;
    }
    const leases: HeldLease[] = [];
    for (const [, same] of [...bySeconds].sort(([one], [other]) => one - other)) {
      for (const lease of same) {
        leases.push(lease);
        if (budget.over(0)) yield;
      }
    }
    return leases;
  }

  #persist(lease: HeldLease): void {
    const { id, ttlSeconds, checkpointSeconds } = lease;
    const record = leasepb.Lease.encode({ id, ttl: ttlSeconds, remainingTtl: checkpointSeconds });
    this.#backend.put("lease", recordKey(id), record);
  }
}

/** The stored key of a lease: its id as eight big-endian bytes in two's complement. */
function recordKey(id: LeaseId): Uint8Array {
  const key = Buffer.allocUnsafe(8);
  key.writeBigInt64BE(id);
  return key;
}
