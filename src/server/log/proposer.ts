import {
  type ApplyResponse,
  type ApplyResult,
  type Carried,
  type ResponseOf,
  requestTypeOf,
} from "../../apply/index.js";
import type { Identity } from "../../auth/index.js";
import { asError, assert, ByteSlab, type Clock, EtcdError, type RequestId } from "../../base/index.js";
import { InternalRaftRequest, Request, RequestHeader } from "../../wire/index.js";
import type { Call } from "../calls/call.js";
import type { ConsensusCore } from "../consensus/contract.js";
import type { ServerCounters } from "../counters.js";
import type { LogPosition } from "./log-position.js";
import { ProposalWindow } from "./proposal-window.js";
import type { Proposals } from "./proposals.js";

/** The most entries that are committed but not applied. Beyond it new proposals are refused, as in etcd. */
const applyLagMax = 5_000;
/** The same for revocations of leases with the feature PriorityRequest: they take work off the cluster. */
const priorityLagMax = 10_000;

/** A value above this length takes as long to encode as all other work on its request. */
const longValueBytes = 64 * 1024;

/** A template to copy, which is much cheaper than `create` with its thirty fields. */
const empty = InternalRaftRequest.create();
const emptyHeader = RequestHeader.create();

export interface ProposerConfig {
  readonly clock: Clock;
  readonly counters: Pick<ServerCounters, "countRequest">;
  readonly position: LogPosition;
  readonly proposals: Proposals<ApplyResult>;
  readonly nextId: () => RequestId;
  /** The maximum length of an encoded request. */
  readonly maxRequestBytes: number;
  /** Whether the feature PriorityRequest is on. */
  readonly priorityRequests: boolean;
  /** The user of a call; undefined while authentication is disabled. */
  readonly identify: (call: Call) => Identity | undefined | Promise<Identity | undefined>;
  readonly core: Pick<ConsensusCore, "propose" | "proposeInTerm">;
  /** How close the database is to accepting no more batches, from 0 to 1. */
  readonly strain: () => number;
}

/** Proposes requests to the raft log and returns their results. */
export class Proposer {
  readonly #config: ProposerConfig;
  /** The requests that are void when this member loses the leadership. */
  readonly #ofThisTerm = new Set<RequestId>();
  readonly #window: ProposalWindow;
  /** The memory for encoded entries, which the raft log keeps and drops in their order. */
  readonly #entries = new ByteSlab();

  constructor(config: ProposerConfig) {
    this.#config = config;
    this.#window = new ProposalWindow(config.clock, config.strain);
  }

  /**
   * Proposes a request and waits until it has been applied.
   *
   * @param request exactly one of its request fields is set
   * @param who the user, if it is not the user of the call
   * @throws EtcdError the reason why it was not proposed, the refusal of its application, or the reason why the wait
   *   ended early; the request may still be applied then
   */
  async propose(request: Partial<InternalRaftRequest>, call?: Call, who?: Identity): Promise<Carried> {
    const { clock, counters, position, nextId, identify } = this.#config;
    const lag = position.committed - position.applied;
    if (lag > applyLagMax && (lag > priorityLagMax || !this.#goesFirst(request)))
      throw new EtcdError("tooManyRequests");
    const found = who ?? (call && identify(call));
    // The user is nearly always known at once. Awaiting would cost a turn of the event loop.
    const identity = found instanceof Promise ? await found : found;
    const startedAt = clock.now();
    let success = false;
    try {
      const id = nextId();
      const message = { ...empty, ...request, header: { ...emptyHeader, ...identity, id } };
      const carried = await this.#encodeAndSubmit(id, message, request, call);
      success = true;
      return carried;
    } finally {
      counters.countRequest(requestTypeOf(request), success, (clock.now() - startedAt) / 1_000);
    }
  }

  /**
   * Proposes a decision of this member as the leader of `term`: to revoke an expired lease, to checkpoint one, to
   * compact, or to raise an alarm. The caller must read the term before it makes the decision.
   *
   * Raft accepts such a proposal only while this member leads in `term`, and never forwards it, so its entry has that
   * term. The entry is either in the next leader's log, before the first entry of the next term, or lost for good. A
   * new leader renews all leases, and accepts renewals, only after it has applied the first entry of its term. So a
   * decision of one term never takes effect after what clients were told in a later one. The request itself contains no
   * term, so this also holds in clusters with members of etcd.
   *
   * @throws EtcdError as `propose`; `leaderChanged` when this member does not lead in `term`
   */
  async proposeInTerm(term: number, request: Partial<InternalRaftRequest>, who?: Identity): Promise<Carried> {
    const { clock, counters, nextId } = this.#config;
    const id = nextId();
    const data = InternalRaftRequest.encode({ ...empty, ...request, header: { ...emptyHeader, ...who, id } });
    const startedAt = clock.now();
    let success = false;
    try {
      const carried = await this.#submitInTerm(term, id, data);
      success = true;
      return carried;
    } finally {
      counters.countRequest(requestTypeOf(request), success, (clock.now() - startedAt) / 1_000);
    }
  }

  /** Like `propose`, for requests that are still replicated in etcd's v2 format. */
  async proposeV2(makeRequest: (id: RequestId) => Request): Promise<void> {
    const id = this.#config.nextId();
    await this.#submit(id, Request.encode(makeRequest(id)), undefined);
  }

  /** Like `proposeInTerm`, for a request in etcd's v2 format. */
  async proposeV2InTerm(term: number, makeRequest: (id: RequestId) => Request): Promise<void> {
    const id = this.#config.nextId();
    await this.#submitInTerm(term, id, Request.encode(makeRequest(id)));
  }

  /** Ends the waits for proposals of the leader's term, after this member has lost the leadership. */
  leadershipLost(): void {
    const lost = new EtcdError("leaderChanged");
    for (const id of this.#ofThisTerm) this.#config.proposals.fail(id, lost);
  }

  #goesFirst({ leaseRevoke }: Partial<InternalRaftRequest>): boolean {
    return this.#config.priorityRequests && leaseRevoke !== undefined;
  }

  /** Not an async function, since one more promise for each write is measurable. */
  #encodeAndSubmit(
    id: RequestId,
    message: InternalRaftRequest,
    request: Partial<InternalRaftRequest>,
    call: Call | undefined,
  ): Promise<Carried> {
    const { maxRequestBytes } = this.#config;
    // A long value that has to wait is not encoded now, since it will be later.
    const valueBytes = request.put?.value.length ?? 0;
    if (valueBytes > maxRequestBytes) throw new EtcdError("requestTooLarge");
    if (valueBytes > longValueBytes && this.#window.full(valueBytes)) {
      return this.#submitLater(id, valueBytes, message, call);
    }
    const data = InternalRaftRequest.encode(message);
    if (data.length > maxRequestBytes) throw new EtcdError("requestTooLarge");
    if (this.#window.full(data.length) && mayWait(request)) return this.#submitLater(id, data.length, message, call);
    return this.#submit(id, data, call);
  }

  #submit(id: RequestId, data: Uint8Array, call: Call | undefined): Promise<Carried> {
    const kept = this.#entries.keep(data);
    return this.#answer(id, kept, call, undefined);
  }

  /**
   * Proposes when there is room. The request is encoded only then, so that waiting requests are not in memory twice.
   *
   * @param bytes length of the encoded request, or of the long value that makes up nearly all of it
   */
  async #submitLater(
    id: RequestId,
    bytes: number,
    message: InternalRaftRequest,
    call: Call | undefined,
  ): Promise<Carried> {
    const { proposals, core, maxRequestBytes } = this.#config;
    const waiting = proposals.wait(id, call, true);
    let open = false;
    let giveUp = (): void => undefined;
    const start = (): void => {
      open = true;
      proposals.proposed(id);
      this.#window.open(bytes);
      const data = InternalRaftRequest.encode(message);
      if (data.length > maxRequestBytes) proposals.fail(id, new EtcdError("requestTooLarge"));
      else core.propose(id, this.#entries.keep(data));
    };
    try {
      try {
        giveUp = this.#window.wait(bytes, start, call?.client ?? this);
      } catch (error) {
        proposals.fail(id, asError(error));
      }
      return carriedOf(await waiting);
    } finally {
      giveUp();
      if (open) this.#window.close(bytes);
    }
  }

  async #submitInTerm(term: number, id: RequestId, data: Uint8Array): Promise<Carried> {
    this.#ofThisTerm.add(id);
    try {
      return await this.#answer(id, data, undefined, term);
    } finally {
      this.#ofThisTerm.delete(id);
    }
  }

  async #answer(id: RequestId, data: Uint8Array, call: Call | undefined, term: number | undefined): Promise<Carried> {
    const { proposals, core } = this.#config;
    const waiting = proposals.wait(id, call);
    this.#window.open(data.length);
    try {
      if (term === undefined) core.propose(id, data);
      else core.proposeInTerm(id, term, data);
      return carriedOf(await waiting);
    } finally {
      this.#window.close(data.length);
    }
  }
}

/**
 * Only writes of keys wait for room. Requests for leases, alarms, users and the like are small and must not be delayed.
 */
function mayWait({ put, txn }: Partial<InternalRaftRequest>): boolean {
  return put !== undefined || txn !== undefined;
}

function carriedOf(result: ApplyResult): Carried {
  if (result.error !== undefined) throw result.error;
  return result;
}

/** The response of a request, whose kind is that of the request. */
export function responseOf<Case extends keyof ResponseOf>({ response }: Carried, kind: Case): ResponseOf[Case] {
  assert(isOf(response, kind), "a request is answered with a response of its kind");
  return response.value;
}

function isOf<Case extends keyof ResponseOf>(
  response: ApplyResponse,
  kind: Case,
): response is ApplyResponse & { readonly case: Case; readonly value: ResponseOf[Case] } {
  return response.case === kind;
}
