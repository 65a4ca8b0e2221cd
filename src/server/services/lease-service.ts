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
  readonly ensureLeadership: () => Promise<boolean>;
}

/** @throws EtcdError unless the user has that right to the key */
type KeyCheck = (auth: AuthStore, who: Identity, key: Key) => void;

const mayRead: KeyCheck = (auth, who, key) => auth.checkRead(who, key, "");
const mayWrite: KeyCheck = (auth, who, key) => auth.checkWrite(who, key, "");

/** What clients ask about leases. Grants and revocations go through the log; only the leader counts down. */
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

  /** Revokes a lease that has run out, as the leader of `term`; resolves when that is applied. */
  async expire(id: LeaseId, term: number): Promise<void> {
    const { proposer, access } = this.#config;
    await proposer.proposeInTerm(term, { leaseRevoke: LeaseRevokeRequest.create({ id }) }, access.root);
  }

  /** Tells all members what is left of some leases; resolves when it is applied. */
  async checkpoint(checkpoints: readonly Checkpoint[]): Promise<void> {
    const { proposer, leadership, ensureLeadership } = this.#config;
    const { termLed } = leadership;
    if (termLed === undefined || !(await ensureLeadership())) throw new EtcdError("notLeader");
    const rows = checkpoints.map(({ id, remainingSeconds }) => ({ id, remainingTtl: remainingSeconds }));
    await proposer.proposeInTerm(termLed, { leaseCheckpoint: { checkpoints: rows } });
  }

  /**
   * Starts a lease over, wherever the leader is.
   *
   * @returns its time to live in seconds
   * @throws EtcdError `leaseNotFound`; `notLeader`, `noLeader`, `timeout` or `timeoutWaitApplied` when nobody can tell;
   *   of the permission to write the keys of the lease
   */
  async renew(id: LeaseId, call: Call): Promise<number> {
    const { lessor, leadership, questions, access, readIndex, ensureLeadership } = this.#config;
    if (leadership.leading) {
      if (!(await ensureLeadership())) throw new EtcdError("notLeader");
      if (access.auth.enabled) await this.#config.position.allApplied(this.#config.clock);
    } else if (access.auth.enabled) {
      // The leader renews unasked whatever the lease holds: every key that it holds by now has to be known here.
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
   * Starts a lease over that this member counts down.
   *
   * @throws EtcdError `leaseNotFound`; `notLeader` or `timeoutWaitApplied` when this member cannot tell
   */
  async renewHere(id: LeaseId, signal: AbortSignal): Promise<number> {
    await this.#config.position.allApplied(this.#config.clock);
    // Asked last: another leader, which knows nothing of this renewal, may revoke the lease.
    if (!(await this.#config.ensureLeadership())) throw new EtcdError("notLeader");
    return await this.#config.lessor.renew(id, signal);
  }

  /**
   * The leader knows how long a lease has left, and names its keys. It is asked by members alone, and does not judge
   * who they ask for: the names it returns are judged here, by rights that are no older than the names.
   *
   * @throws EtcdError `leaseNotFound`, `noLeader`, `leaderChanged`, `timeout`, `timeoutWaitApplied`; of the permission
   *   to read the keys, when they are asked for
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
      // The leader may be ahead of this member, which has not heard yet of a right that was taken.
      if (afar) await readIndex.wait(call);
      const named = { eachKey: () => found.keys };
      await this.#checkKeys(await this.#identify(call), named, mayRead, call.signal);
      if (revision !== access.auth.revision) throw new EtcdError("authOldRevision");
    }
    return LeaseTimeToLiveResponse.create({ header: headers.at(), id, ...found, keys: [...found.keys] });
  }

  /** @throws EtcdError `leaseNotFound`; `leaderChanged` or `timeoutWaitApplied` when this member cannot tell */
  async timeToLiveHere(id: LeaseId, keys: boolean): Promise<LeaseTimeToLive> {
    const { lessor } = this.#config;
    await this.#config.position.allApplied(this.#config.clock);
    const lease = lessor.lookup(id);
    if (lease === undefined) throw new EtcdError("leaseNotFound");
    const named = keys ? await this.#inTurns((budget) => lease.keysInSteps(budget)) : [];
    // Asked last: it may have ended, or this member may have lost the lead, while the keys were sorted.
    if (lessor.lookup(id) !== lease) throw new EtcdError("leaseNotFound");
    const ttl = lessor.remainingSeconds(id);
    if (ttl === undefined) throw new EtcdError("leaderChanged");
    return { ttl, grantedTtl: lease.ttlSeconds, keys: named };
  }

  /** @throws EtcdError of the permission to read the keys of all leases */
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

  /** A positive id that no other request of the cluster has, hence no other lease whose id was chosen so. */
  #chooseId(): LeaseId {
    return BigInt.asUintN(63, this.#config.nextId()) as bigint as LeaseId;
  }

  /** Undefined while authentication is off. */
  async #identify(call: Call): Promise<Identity | undefined> {
    const { access } = this.#config;
    if (!access.auth.enabled) return undefined;
    const who = await access.identify(call);
    if (who === undefined) throw new EtcdError("userEmpty");
    return who;
  }

  /** The ids of leases all of whose keys the caller may read. @throws EtcdError when there is another lease */
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
   * Checks every key of a lease, unless the caller may do everything. A lease may hold very many, so this takes turns:
   * a key that comes meanwhile may have come after the answer as well.
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

  /** The caller, unless it may do everything. */
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
