import type { ApplyResponse, ApplyResult, Carried, ResponseOf } from "../../apply/index.js";
import type { Identity } from "../../auth/index.js";
import { asError, assert, ByteSlab, EtcdError, type RequestId } from "../../base/index.js";
import { InternalRaftRequest, Request, RequestHeader } from "../../wire/index.js";
import type { Call } from "../calls/call.js";
import type { LogPosition } from "./log-position.js";
import { ProposalWindow } from "./proposal-window.js";
import type { Proposals } from "./proposals.js";

/** Between what is committed and what is applied; more, and new proposals are refused until applying has caught up. */
const applyLagMax = 5_000;

/** Copied, which is much cheaper than `create` with its thirty fields. */
const empty = InternalRaftRequest.create();
const emptyHeader = RequestHeader.create();

export interface ProposerConfig {
  readonly position: LogPosition;
  readonly proposals: Proposals<ApplyResult>;
  readonly nextId: () => RequestId;
  /** Longest encoded request. */
  readonly maxRequestBytes: number;
  /** Whom a call comes from; undefined while that does not matter. */
  readonly identify: (call: Call) => Identity | undefined | Promise<Identity | undefined>;
  /** @param wanted whether anybody waits for it still */
  readonly submit: (data: Uint8Array, wanted: () => boolean) => void;
  /** As `submit`, but only as the leader of `term`. */
  readonly submitInTerm: (term: number, data: Uint8Array) => void;
}

/** The way of a request into the log, and of its result back. */
export class Proposer {
  readonly #config: ProposerConfig;
  /** Those that are void when this member leads no more. */
  readonly #ofThisTerm = new Set<RequestId>();
  readonly #window = new ProposalWindow();
  /** The raft log keeps what is proposed, and drops it from its beginning. */
  readonly #entries = new ByteSlab();

  constructor(config: ProposerConfig) {
    this.#config = config;
  }

  /**
   * Proposes a request and waits until it is applied.
   *
   * @param request with exactly one of its requests set
   * @param who in whose name, when it is not the caller's
   * @throws EtcdError why it was not proposed, what its applier refused, or why the wait ended; after a wait that
   *   ended early it may still be applied
   */
  async propose(request: Partial<InternalRaftRequest>, call?: Call, who?: Identity): Promise<Carried> {
    const { position, nextId, maxRequestBytes, identify } = this.#config;
    if (position.committed > position.applied + applyLagMax) throw new EtcdError("tooManyRequests");
    const found = who ?? (call && identify(call));
    // Known at once nearly always; a turn of the event loop would cost more than to look.
    const identity = found instanceof Promise ? await found : found;
    const id = nextId();
    const message = { ...empty, ...request, header: { ...emptyHeader, ...identity, id } };
    const data = InternalRaftRequest.encode(message);
    if (data.length > maxRequestBytes) throw new EtcdError("requestTooLarge");
    if (this.#window.full(data.length) && mayWait(request))
      return await this.#submitLater(id, data.length, message, call);
    return await this.#submit(id, data, call);
  }

  /**
   * Proposes what this member has decided as the leader of `term`: that a lease has run out, what is left of one, what
   * is compacted, that members differ. The term must be taken before that is looked at.
   *
   * The rule needs nothing in the request, so it holds among members of etcd too: raft takes the proposal only from the
   * leader of `term`, and never forwards it, so its entry is of `term`. Such an entry is either in the log of whoever
   * leads next, before the first entry of that term, or it is lost for good. A new leader starts its leases over, and
   * renews them, only once it has applied that first entry. So nothing that was decided in one term takes effect after
   * what clients were told in another, and whoever applies an entry need not ask in which term it was decided.
   *
   * @throws EtcdError as `propose`; `leaderChanged` when this member does not lead in `term` (any more)
   */
  async proposeInTerm(term: number, request: Partial<InternalRaftRequest>, who?: Identity): Promise<Carried> {
    const id = this.#config.nextId();
    return await this.#submitInTerm(
      term,
      id,
      InternalRaftRequest.encode({ ...empty, ...request, header: { ...emptyHeader, ...who, id } }),
    );
  }

  /** As `propose`, for what members still agree on in the words of etcd's first store. */
  async proposeV2(makeRequest: (id: RequestId) => Request): Promise<void> {
    const id = this.#config.nextId();
    await this.#submit(id, Request.encode(makeRequest(id)), undefined);
  }

  /** As `proposeInTerm`, in those words. */
  async proposeV2InTerm(term: number, makeRequest: (id: RequestId) => Request): Promise<void> {
    const id = this.#config.nextId();
    await this.#submitInTerm(term, id, Request.encode(makeRequest(id)));
  }

  /** This member leads no more: nobody need wait any longer for what was proposed in its term. */
  leadershipLost(): void {
    const lost = new EtcdError("leaderChanged");
    for (const id of this.#ofThisTerm) this.#config.proposals.fail(id, lost);
  }

  #submit(id: RequestId, data: Uint8Array, call: Call | undefined): Promise<Carried> {
    const { proposals, submit } = this.#config;
    const kept = this.#entries.keep(data);
    return this.#answer(id, kept.length, call, () => submit(kept, () => proposals.isWaiting(id)));
  }

  /** Encodes it a second time when its turn comes: what waits need not be in memory twice. */
  async #submitLater(
    id: RequestId,
    bytes: number,
    message: InternalRaftRequest,
    call: Call | undefined,
  ): Promise<Carried> {
    const { proposals, submit } = this.#config;
    const waiting = proposals.wait(id, call);
    let open = false;
    let giveUp = (): void => undefined;
    const start = (): void => {
      open = true;
      this.#window.open(bytes);
      const kept = this.#entries.keep(InternalRaftRequest.encode(message));
      this.#attempt(id, () => submit(kept, () => proposals.isWaiting(id)));
    };
    try {
      this.#attempt(id, () => {
        giveUp = this.#window.wait(bytes, start, call?.client ?? this);
      });
      return carriedOf(await waiting);
    } finally {
      giveUp();
      if (open) this.#window.close(bytes);
    }
  }

  async #submitInTerm(term: number, id: RequestId, data: Uint8Array): Promise<Carried> {
    this.#ofThisTerm.add(id);
    try {
      return await this.#answer(id, data.length, undefined, () => this.#config.submitInTerm(term, data));
    } finally {
      this.#ofThisTerm.delete(id);
    }
  }

  async #answer(id: RequestId, bytes: number, call: Call | undefined, submit: () => void): Promise<Carried> {
    const waiting = this.#config.proposals.wait(id, call);
    this.#window.open(bytes);
    try {
      this.#attempt(id, submit);
      return carriedOf(await waiting);
    } finally {
      this.#window.close(bytes);
    }
  }

  #attempt(id: RequestId, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#config.proposals.fail(id, asError(error));
    }
  }
}

/** Only what clients store waits for room. Leases, alarms, users and the like are small, and matter more under load. */
function mayWait({ put, txn }: Partial<InternalRaftRequest>): boolean {
  return put !== undefined || txn !== undefined;
}

function carriedOf(result: ApplyResult): Carried {
  if (result.error !== undefined) throw result.error;
  return result;
}

/** The response of a request, which is of its own kind. */
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
