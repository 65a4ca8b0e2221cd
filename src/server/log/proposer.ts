import {
  type ApplyResponse,
  type ApplyResult,
  type Carried,
  type ResponseOf,
  requestTypeOf,
} from "../../apply/index.js";
import type { Identity } from "../../auth/index.js";
import { asError, assert, ByteSlab, type Clock, EtcdError, type RequestId } from "../../base/index.js";
import { encodeInto, InternalRaftRequest, Request, RequestHeader } from "../../wire/index.js";
import type { Call } from "../calls/call.js";
import type { ConsensusCore } from "../consensus/contract.js";
import type { ServerCounters } from "../counters.js";
import { type ClientShare, ClientShares } from "./client-shares.js";
import type { LogPosition } from "./log-position.js";
import { type Outcome, Proposal, type ProposalConfig } from "./proposal.js";
import { ProposalWindow, shortBytesMax } from "./proposal-window.js";
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
  readonly #shares: ClientShares;
  readonly #proposals: ProposalConfig;
  /** The memory for encoded entries, which the raft log keeps and drops in their order. */
  readonly #entries = new ByteSlab();

  constructor(config: ProposerConfig) {
    this.#config = config;
    this.#window = new ProposalWindow(config.clock, config.strain);
    this.#shares = new ClientShares(config.clock);
    this.#proposals = { clock: config.clock, counters: config.counters, window: this.#window };
  }

  /**
   * Proposes a request and waits until it has been applied.
   *
   * @param request exactly one of its request fields is set
   * @param who the user, if it is not the user of the call
   * @throws EtcdError the reason why it was not proposed, the refusal of its application, or the reason why the wait
   *   ended early; the request may still be applied then
   */
  propose(request: Partial<InternalRaftRequest>, call?: Call, who?: Identity): Promise<Carried> {
    return new Promise((carried, failed) => {
      this.#checkLag(request);
      const found = who ?? (call && this.#config.identify(call));
      const outcome = { carried, failed };
      // The user is nearly always known at once. Awaiting would cost a turn of the event loop.
      if (!(found instanceof Promise)) this.#propose(request, call, found, outcome);
      else found.then((identity) => this.#propose(request, call, identity, outcome)).catch(failed);
    });
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
    const id = this.#config.nextId();
    const data = InternalRaftRequest.encode({ ...empty, ...request, header: { ...emptyHeader, ...who, id } });
    return await this.#submitInTerm(term, id, data, requestTypeOf(request));
  }

  /** Like `propose`, for requests that are still replicated in etcd's v2 format. */
  async proposeV2(makeRequest: (id: RequestId) => Request): Promise<void> {
    const id = this.#config.nextId();
    const data = Request.encode(makeRequest(id));
    await this.#outcome(undefined, (proposal) => this.#submit(id, this.#entries.keep(data), undefined, proposal));
  }

  /** Like `proposeInTerm`, for a request in etcd's v2 format. */
  async proposeV2InTerm(term: number, makeRequest: (id: RequestId) => Request): Promise<void> {
    const id = this.#config.nextId();
    await this.#submitInTerm(term, id, Request.encode(makeRequest(id)), undefined);
  }

  /** Ends the waits for proposals of the leader's term, after this member has lost the leadership. */
  leadershipLost(): void {
    const lost = new EtcdError("leaderChanged");
    for (const id of this.#ofThisTerm) this.#config.proposals.fail(id, lost);
  }

  #goesFirst({ leaseRevoke }: Partial<InternalRaftRequest>): boolean {
    return this.#config.priorityRequests && leaseRevoke !== undefined;
  }

  /** @throws EtcdError `tooManyRequests` */
  #checkLag(request: Partial<InternalRaftRequest>): void {
    const { committed, applied } = this.#config.position;
    const lag = committed - applied;
    if (lag > applyLagMax && (lag > priorityLagMax || !this.#goesFirst(request)))
      throw new EtcdError("tooManyRequests");
  }

  #propose(
    request: Partial<InternalRaftRequest>,
    call: Call | undefined,
    identity: Identity | undefined,
    outcome: Outcome,
  ): void {
    const proposal = new Proposal(this.#proposals, requestTypeOf(request), outcome);
    try {
      const id = this.#config.nextId();
      const message = { ...empty, ...request, header: { ...emptyHeader, ...identity, id } };
      this.#encodeAndSubmit(id, message, call, proposal);
    } catch (error) {
      proposal.failed(asError(error));
    }
  }

  /** @throws EtcdError when the request is not proposed and does not wait; the proposal has not ended then */
  #encodeAndSubmit(id: RequestId, message: InternalRaftRequest, call: Call | undefined, proposal: Proposal): void {
    const { maxRequestBytes } = this.#config;
    // A long value that has to wait is not encoded now, since it will be later.
    const valueBytes = message.put?.value.length ?? 0;
    if (valueBytes > maxRequestBytes) throw new EtcdError("requestTooLarge");
    if (valueBytes > longValueBytes && this.#window.full(valueBytes)) {
      this.#submitLater(id, valueBytes, message, call, proposal);
      return;
    }
    const data = this.#encode(message);
    if (data.length > maxRequestBytes) throw new EtcdError("requestTooLarge");
    const share = this.#shareOf(call, data.length);
    if (share?.full) {
      this.#submitLater(id, data.length, message, call, proposal, share);
      return;
    }
    if (share !== undefined) proposal.enter(share);
    if (this.#hasToWait(data.length, message)) this.#submitLater(id, data.length, message, call, proposal);
    else this.#submit(id, data, call, proposal);
  }

  /** The share of the call's client; undefined for the server's own proposals, and for long ones. */
  #shareOf(call: Call | undefined, bytes: number): ClientShare | undefined {
    return call?.client === undefined || bytes > shortBytesMax ? undefined : this.#shares.of(call.client);
  }

  #hasToWait(bytes: number, message: InternalRaftRequest): boolean {
    return this.#window.full(bytes) && mayWait(message);
  }

  /** Encodes a request in the memory that its entry stays in. */
  #encode(message: InternalRaftRequest): Uint8Array {
    return encodeInto(InternalRaftRequest, message, (bytes) => this.#entries.room(bytes));
  }

  #submit(id: RequestId, data: Uint8Array, call: Call | undefined, proposal: Proposal): void {
    const { proposals, core } = this.#config;
    proposals.expect(id, proposal, call, proposal.startedAt);
    proposal.open(data.length);
    this.#hand(id, () => core.propose(id, data));
  }

  /**
   * Proposes when there is room. The request is encoded only then, so that waiting requests are not in memory twice.
   *
   * @param bytes length of the encoded request, or of the long value that makes up nearly all of it
   * @param share the share of the client if it is full: the request waits for a place in it before the window
   */
  #submitLater(
    id: RequestId,
    bytes: number,
    message: InternalRaftRequest,
    call: Call | undefined,
    proposal: Proposal,
    share?: ClientShare,
  ): void {
    const { proposals, core, maxRequestBytes } = this.#config;
    proposals.expect(id, proposal, call, proposal.startedAt, true);
    const start = (): void => {
      proposals.proposed(id);
      proposal.open(bytes);
      this.#hand(id, () => {
        const data = this.#encode(message);
        if (data.length > maxRequestBytes) throw new EtcdError("requestTooLarge");
        core.propose(id, data);
      });
    };
    const waitForWindow = (): void =>
      this.#hand(id, () => proposal.waits(this.#window.wait(bytes, start, call?.client ?? this)));
    if (share === undefined) {
      waitForWindow();
      return;
    }
    const startInShare = (): void => {
      proposal.enter(share);
      if (this.#hasToWait(bytes, message)) waitForWindow();
      else start();
    };
    this.#hand(id, () => proposal.waits(share.wait(bytes, startInShare)));
  }

  async #submitInTerm(term: number, id: RequestId, data: Uint8Array, type: string | undefined): Promise<Carried> {
    const { proposals, core } = this.#config;
    this.#ofThisTerm.add(id);
    try {
      return await this.#outcome(type, (proposal) => {
        proposals.expect(id, proposal, undefined, proposal.startedAt);
        proposal.open(data.length);
        this.#hand(id, () => core.proposeInTerm(id, term, data));
      });
    } finally {
      this.#ofThisTerm.delete(id);
    }
  }

  /** Makes a proposal and waits for its outcome. @param submit may throw before the proposal is expected */
  #outcome(type: string | undefined, submit: (proposal: Proposal) => void): Promise<Carried> {
    return new Promise((carried, failed) => {
      const proposal = new Proposal(this.#proposals, type, { carried, failed });
      try {
        submit(proposal);
      } catch (error) {
        proposal.failed(asError(error));
      }
    });
  }

  /** Takes a step of a proposal that is expected: from then on a failure has to end it through its waiter. */
  #hand(id: RequestId, step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#config.proposals.fail(id, asError(error));
    }
  }
}

/**
 * Only writes of keys wait for room. Requests for leases, alarms, users and the like are small and must not be delayed.
 */
function mayWait({ put, txn }: InternalRaftRequest): boolean {
  return put !== undefined || txn !== undefined;
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
