import { type Clock, EtcdError, type LeaseId, type RequestId } from "../base/index.js";
import type { Checkpoint, Lessor } from "../lease/index.js";
import type { LeaseTimeToLive } from "../transport/index.js";
import {
  type LeaseGrantRequest,
  type LeaseGrantResponse,
  LeaseLeasesResponse,
  LeaseRevokeRequest,
  type LeaseRevokeResponse,
  type LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
} from "../wire/index.js";
import type { Call } from "./call.js";
import type { Headers } from "./headers.js";
import type { LeaderQuestions } from "./leader-questions.js";
import type { Leadership } from "./leadership.js";
import type { LogPosition } from "./log-position.js";
import { type Proposer, responseOf } from "./proposer.js";

/** How long a lease's reader waits for what is committed to be applied. */
const applyTimeoutMs = 1_000;

export interface LeaseServiceConfig {
  readonly clock: Clock;
  readonly lessor: Lessor;
  readonly proposer: Proposer;
  readonly leadership: Leadership;
  readonly position: LogPosition;
  readonly headers: Headers;
  readonly questions: LeaderQuestions;
  readonly nextId: () => RequestId;
  readonly ensureLeadership: () => Promise<boolean>;
}

/** What clients ask about leases. Grants and revocations go through the log; only the leader counts down. */
export class LeaseService {
  readonly #config: LeaseServiceConfig;

  constructor(config: LeaseServiceConfig) {
    this.#config = config;
  }

  async grant(request: LeaseGrantRequest, call: Call): Promise<LeaseGrantResponse> {
    const { proposer, headers } = this.#config;
    const leaseGrant = request.id === 0n ? { ...request, id: this.#chooseId() } : request;
    const response = responseOf(await proposer.propose({ leaseGrant }, call), "leaseGrant");
    return { ...response, header: headers.at() };
  }

  async revoke(request: LeaseRevokeRequest, call?: Call): Promise<LeaseRevokeResponse> {
    const { proposer, headers } = this.#config;
    const response = responseOf(await proposer.propose({ leaseRevoke: request }, call), "leaseRevoke");
    return { ...response, header: headers.at() };
  }

  /** Revokes a lease that has run out; resolves when that is applied. */
  async expire(id: LeaseId): Promise<void> {
    await this.revoke(LeaseRevokeRequest.create({ id }));
  }

  /** Tells all members what is left of some leases; resolves when it is applied. */
  async checkpoint(checkpoints: readonly Checkpoint[]): Promise<void> {
    const { proposer, ensureLeadership } = this.#config;
    if (!(await ensureLeadership())) throw new EtcdError("notLeader");
    const rows = checkpoints.map(({ id, remainingSeconds }) => ({ id, remainingTtl: remainingSeconds }));
    await proposer.propose({ leaseCheckpoint: { checkpoints: rows } });
  }

  /**
   * Starts a lease over, wherever the leader is.
   *
   * @returns its time to live in seconds
   * @throws EtcdError `leaseNotFound`; `notLeader`, `noLeader`, `timeout` or `timeoutWaitApplied` when nobody can tell
   */
  async renew(id: LeaseId, call: Call): Promise<number> {
    const { leadership, questions, ensureLeadership } = this.#config;
    if (leadership.leading && !(await ensureLeadership())) throw new EtcdError("notLeader");
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
    await this.#whenApplied();
    return await this.#config.lessor.renew(id, signal);
  }

  /** @throws EtcdError `leaseNotFound`; `noLeader`, `leaderChanged`, `timeout` or `timeoutWaitApplied` */
  async timeToLive({ id, keys }: LeaseTimeToLiveRequest, call: Call): Promise<LeaseTimeToLiveResponse> {
    const { questions, headers } = this.#config;
    const found = await questions.ask<LeaseTimeToLive>(
      {
        here: () => this.timeToLiveHere(id as LeaseId, keys),
        there: (client, url, signal) => client.leaseTimeToLive(url, id as LeaseId, keys, signal),
        isAnswer: ({ kind }) => kind !== "timeout",
      },
      call.signal,
    );
    return LeaseTimeToLiveResponse.create({ header: headers.at(), id, ...found, keys: [...found.keys] });
  }

  /** @throws EtcdError `leaseNotFound`; `leaderChanged` or `timeoutWaitApplied` when this member cannot tell */
  async timeToLiveHere(id: LeaseId, keys: boolean): Promise<LeaseTimeToLive> {
    const { lessor } = this.#config;
    await this.#whenApplied();
    const lease = lessor.lookup(id);
    if (lease === undefined) throw new EtcdError("leaseNotFound");
    const ttl = lessor.remainingSeconds(id);
    if (ttl === undefined) throw new EtcdError("leaderChanged");
    return { ttl, grantedTtl: lease.ttlSeconds, keys: keys ? lease.keys() : [] };
  }

  leases(): LeaseLeasesResponse {
    const { lessor, headers } = this.#config;
    return LeaseLeasesResponse.create({ header: headers.at(), leases: lessor.leases().map(({ id }) => ({ id })) });
  }

  /** A positive id that no other request of the cluster has, hence no other lease whose id was chosen so. */
  #chooseId(): LeaseId {
    return BigInt.asUintN(63, this.#config.nextId()) as bigint as LeaseId;
  }

  async #whenApplied(): Promise<void> {
    const { clock, position } = this.#config;
    if (position.applied >= position.committed) return;
    await new Promise<void>((resolve, reject) => {
      const timer = clock.after(applyTimeoutMs, () => reject(new EtcdError("timeoutWaitApplied")));
      void position.whenApplied(position.committed).then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
