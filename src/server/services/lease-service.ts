import type { AuthStore, Identity } from "../../auth/index.js";
import {
  type Clock,
  EtcdError,
  type Key,
  type LeaseId,
  type RequestId,
  type Steps,
  Turns,
  type WorkBudget,
} from "../../base/index.js";
import type { Checkpoint, Lease, Lessor } from "../../lease/index.js";
import type { LeaseTimeToLive } from "../../transport/index.js";
import {
  type LeaseGrantRequest,
  type LeaseGrantResponse,
  LeaseLeasesResponse,
  LeaseRevokeRequest,
  type LeaseRevokeResponse,
  type LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
} from "../../wire/index.js";
import type { Access } from "../calls/access.js";
import type { Call } from "../calls/call.js";
import type { Headers } from "../calls/headers.js";
import type { Leadership } from "../log/leadership.js";
import type { LogPosition } from "../log/log-position.js";
import { type Proposer, responseOf } from "../log/proposer.js";
import type { ReadIndex } from "../log/read-index.js";
import type { LeaderQuestions } from "./leader-questions.js";
import type { SpaceGuard } from "./space-guard.js";

export interface LeaseServiceConfig {
  readonly clock: Clock;
  readonly lessor: Lessor;
  readonly access: Access;
  readonly proposer: Proposer;
  readonly leadership: Leadership;
  readonly position: LogPosition;
  readonly headers: Headers;
  readonly questions: LeaderQuestions;
  readonly space: Pick<SpaceGuard, "refusal">;
  readonly readIndex: Pick<ReadIndex, "wait">;
  readonly nextId: () => RequestId;
  /** Whether the feature FastLeaseKeepAlive is on: a lease that this member knows is renewed at once. */
  readonly fastKeepAlive: boolean;
  readonly ensureLeadership: () => Promise<boolean>;
}

/** Checks the right of a user to a key. @throws EtcdError without the right */
type KeyCheck = (auth: AuthStore, who: Identity, key: Key) => void;

const mayRead: KeyCheck = (auth, who, key) => auth.checkRead(who, key, "");
const mayWrite: KeyCheck = (auth, who, key) => auth.checkWrite(who, key, "");

/** The requests of clients about leases. Grants and revocations go through the log. Only the leader counts down. */
export class LeaseService {
  readonly #config: LeaseServiceConfig;

  constructor(config: LeaseServiceConfig) {
    this.#config = config;
  }

  async grant(request: LeaseGrantRequest, call: Call): Promise<LeaseGrantResponse> {
    const { proposer, access, headers, space } = this.#config;
    const full = space.refusal({ leaseGrant: request });
    if (full !== undefined) return await full;
    await access.requireUser(call);
    const leaseGrant = request.id === 0n ? { ...request, id: this.#chooseId() } : request;
    const response = responseOf(await proposer.propose({ leaseGrant }, call), "leaseGrant");
    return { ...response, header: headers.at() };
  }

  async revoke(request: LeaseRevokeRequest, call: Call): Promise<LeaseRevokeResponse> {
    const { proposer, access, headers } = this.#config;
    await access.requireUser(call);
    const response = responseOf(await proposer.propose({ leaseRevoke: request }, call), "leaseRevoke");
    return { ...response, header: headers.at() };
  }

  /** Revokes an expired lease as the leader of `term`. Resolves when the revocation has been applied. */
  async expire(id: LeaseId, term: number): Promise<void> {
    const { proposer, access } = this.#config;
    await proposer.proposeInTerm(term, { leaseRevoke: LeaseRevokeRequest.create({ id }) }, access.root);
  }

  /** Writes the remaining time of leases to the log. Resolves when that has been applied. */
  async checkpoint(checkpoints: readonly Checkpoint[]): Promise<void> {
    const { proposer, leadership, ensureLeadership } = this.#config;
    const { termLed } = leadership;
    if (termLed === undefined || !(await ensureLeadership())) throw new EtcdError("notLeader");
    const rows = checkpoints.map(({ id, remainingSeconds }) => ({ id, remainingTtl: remainingSeconds }));
    await proposer.proposeInTerm(termLed, { leaseCheckpoint: { checkpoints: rows } });
  }

  /**
   * Renews a lease at the leader, whichever member that is.
   *
   * @returns its TTL in seconds
   * @throws EtcdError `leaseNotFound`; `notLeader`, `noLeader`, `timeout` or `timeoutWaitApplied` when the leader
   * cannot answer; the refusal, when the user may not write the lease's keys
   */
  async renew(id: LeaseId, call: Call): Promise<number> {
    const { lessor, leadership, questions, access, readIndex, ensureLeadership } = this.#config;
    if (leadership.leading) {
      if (!(await ensureLeadership())) throw new EtcdError("notLeader");
      const ttl = access.auth.enabled ? undefined : this.#renewAtOnce(id);
      if (ttl !== undefined) return ttl;
      if (access.auth.enabled) await this.#knows(id);
    } else if (access.auth.enabled) {
      // The leader does not check rights. This member must know all current keys of the lease to check them here.
      await readIndex.wait(call);
    }
    const who = await this.#identify(call);
    await this.#checkKeys(who, lessor.lookup(id), mayWrite, call.signal);
    return await questions.ask(
      {
        here: () => this.renewHere(id, call.signal),
        there: (client, url, signal) => client.renewLease(url, id, signal),
        isAnswer: ({ kind }) => kind === "leaseNotFound" || kind === "timeoutWaitApplied" || kind === "canceled",
      },
      call.signal,
    );
  }

  /**
   * Renews a lease if nothing has to be waited for, as with nearly all of them. @returns its TTL in seconds; undefined
   * when only the slower way can tell
   */
  #renewAtOnce(id: LeaseId): number | undefined {
    const { fastKeepAlive, leadership, lessor, position } = this.#config;
    if (!leadership.leading || !(fastKeepAlive || position.isAllApplied)) return undefined;
    return lessor.renewAtOnce(id);
  }

  /**
   * Renews a lease at this member, which must be the leader.
   *
   * @throws EtcdError `leaseNotFound`; `notLeader` or `timeoutWaitApplied` when this member cannot answer
   */
  async renewHere(id: LeaseId, signal: AbortSignal): Promise<number> {
    await this.#knows(id);
    // Checked last: if another member leads, it does not know of this renewal and may revoke the lease.
    if (!(await this.#config.ensureLeadership())) throw new EtcdError("notLeader");
    return await this.#config.lessor.renew(id, signal);
  }

  /**
   * The remaining time and the keys of a lease, from the leader. The leader does not check rights when a member asks.
   * The keys that it returns are checked here, with rights at least as recent as the keys.
   *
   * @throws EtcdError `leaseNotFound`, `noLeader`, `leaderChanged`, `timeout`, `timeoutWaitApplied`; the refusal, when
   * keys are requested and the user may not read them
   */
  async timeToLive({ id, keys }: LeaseTimeToLiveRequest, call: Call): Promise<LeaseTimeToLiveResponse> {
    const { lessor, questions, access, headers, readIndex } = this.#config;
    await access.requireUser(call);
    const { revision } = access.auth;
    if (keys) await this.#checkKeys(await this.#identify(call), lessor.lookup(id as LeaseId), mayRead, call.signal);
    let afar = false;
    const found = await questions.ask<LeaseTimeToLive>(
      {
        here: () => this.timeToLiveHere(id as LeaseId, keys),
        there: (client, url, signal) => {
          afar = true;
          return client.leaseTimeToLive(url, id as LeaseId, keys, signal);
        },
        isAnswer: ({ kind }) => kind !== "timeout",
      },
      call.signal,
    );
    if (keys && access.auth.enabled) {
      // The leader may be ahead of this member, which may not have applied the revocation of a right yet.
      if (afar) await readIndex.wait(call);
      const named = { eachKey: () => found.keys };
      await this.#checkKeys(await this.#identify(call), named, mayRead, call.signal);
      if (revision !== access.auth.revision) throw new EtcdError("authOldRevision");
    }
    return LeaseTimeToLiveResponse.create({ header: headers.at(), id, ...found, keys: [...found.keys] });
  }

  /**
   * Answers as the leader. @throws EtcdError `leaseNotFound`; `leaderChanged` or `timeoutWaitApplied` when it cannot
   */
  async timeToLiveHere(id: LeaseId, keys: boolean): Promise<LeaseTimeToLive> {
    const { lessor } = this.#config;
    await this.#config.position.allApplied(this.#config.clock);
    const lease = lessor.lookup(id);
    if (lease === undefined) throw new EtcdError("leaseNotFound");
    const named = keys ? await this.#inTurns((budget) => lease.keysInSteps(budget)) : [];
    // Checked last: while the keys were sorted, the lease may have ended or this member may have lost the leadership.
    if (!lease.exists) throw new EtcdError("leaseNotFound");
    const ttl = lessor.remainingSeconds(id);
    if (ttl === undefined) throw new EtcdError("leaderChanged");
    return { ttl, grantedTtl: lease.ttlSeconds, keys: named };
  }

  /** Lists all leases. @throws EtcdError when the user may not read the keys of all leases */
  async list(call: Call): Promise<LeaseLeasesResponse> {
    const { lessor, headers } = this.#config;
    const { auth } = this.#config.access;
    const who = await this.#identify(call);
    const { revision } = auth;
    const leases = await this.#inTurns((budget) => lessor.leasesInSteps(budget), call.signal);
    const ids = await this.#inTurns((budget) => this.#readable(who, leases, budget), call.signal);
    if (auth.enabled && revision !== auth.revision) throw new EtcdError("authOldRevision");
    return LeaseLeasesResponse.create({ header: headers.at(), leases: ids });
  }

  /**
   * Waits until this member has applied everything that is committed, so that it knows whether there is such a lease.
   * With the feature FastLeaseKeepAlive, it does not wait for a lease that it knows already, since an overloaded member
   * may take longer than the lease lives.
   */
  async #knows(id: LeaseId): Promise<void> {
    const { fastKeepAlive, lessor, position, clock } = this.#config;
    if (fastKeepAlive && lessor.lookup(id) !== undefined) return;
    await position.allApplied(clock);
  }

  /** Chooses a lease id: a positive number made from a request id, which is unique in the cluster. */
  #chooseId(): LeaseId {
    return BigInt.asUintN(63, this.#config.nextId()) as bigint as LeaseId;
  }

  /** The user of a call; undefined while authentication is disabled. */
  async #identify(call: Call): Promise<Identity | undefined> {
    const { access } = this.#config;
    if (!access.auth.enabled) return undefined;
    const who = await access.identify(call);
    if (who === undefined) throw new EtcdError("userEmpty");
    return who;
  }

  /** The ids of the leases, in steps. @throws EtcdError when the user may not read all keys of all leases */
  *#readable(who: Identity | undefined, leases: readonly Lease[], budget: WorkBudget): Steps<{ id: LeaseId }[]> {
    const ids: { id: LeaseId }[] = [];
    const judged = this.#judged(who);
    for (const lease of leases) {
      if (judged) yield* this.#checkInSteps(judged, lease.eachKey(), mayRead, budget);
      ids.push({ id: lease.id });
      if (budget.over(0)) yield;
    }
    return ids;
  }

  /**
   * Checks the user's right to all keys of a lease, unless the user is root. A lease may have very many keys, so this
   * takes several turns of the event loop. Keys attached meanwhile need no check, as if they were attached after the
   * answer.
   */
  async #checkKeys(
    who: Identity | undefined,
    lease: Pick<Lease, "eachKey"> | undefined,
    check: KeyCheck,
    signal: AbortSignal,
  ): Promise<void> {
    const judged = this.#judged(who);
    if (judged === undefined || lease === undefined) return;
    const { auth } = this.#config.access;
    const { revision } = auth;
    await this.#inTurns((budget) => this.#checkInSteps(judged, lease.eachKey(), check, budget), signal);
    if (revision !== auth.revision) throw new EtcdError("authOldRevision");
  }

  /** The user whose rights have to be checked; undefined for root and while authentication is disabled. */
  #judged(who: Identity | undefined): Identity | undefined {
    const { auth } = this.#config.access;
    if (!auth.enabled) return undefined;
    if (who === undefined) throw new EtcdError("userEmpty");
    return auth.refusalOfAdmin(who.username) === undefined ? undefined : who;
  }

  *#checkInSteps(who: Identity, keys: Iterable<Key>, check: KeyCheck, budget: WorkBudget): Steps<void> {
    const { auth } = this.#config.access;
    for (const key of keys) {
      if (auth.enabled) check(auth, who, key);
      if (budget.over(0)) yield;
    }
  }

  async #inTurns<Result>(work: (budget: WorkBudget) => Steps<Result>, signal?: AbortSignal): Promise<Result> {
    const turns = new Turns(this.#config.clock);
    return await turns.run(work(turns), () => signal?.throwIfAborted());
  }
}
