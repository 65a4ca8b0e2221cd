import type { ApplyResponse, ApplyResult, Carried, ResponseOf } from "../apply/index.js";
import type { Identity } from "../auth/index.js";
import { assert, EtcdError, type RequestId } from "../base/index.js";
import { InternalRaftRequest, Request, RequestHeader } from "../wire/index.js";
import type { Call } from "./call.js";
import type { LogPosition } from "./log-position.js";
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
}

/** The way of a request into the log, and of its result back. */
export class Proposer {
  readonly #config: ProposerConfig;

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
    const data = InternalRaftRequest.encode({ ...empty, ...request, header: { ...emptyHeader, ...identity, id } });
    if (data.length > maxRequestBytes) throw new EtcdError("requestTooLarge");
    return await this.#submit(id, data, call);
  }

  /** As `propose`, for what members still agree on in the words of etcd's first store. */
  async proposeV2(makeRequest: (id: RequestId) => Request): Promise<void> {
    const id = this.#config.nextId();
    await this.#submit(id, Request.encode(makeRequest(id)), undefined);
  }

  async #submit(id: RequestId, data: Uint8Array, call: Call | undefined): Promise<Carried> {
    const { proposals, submit } = this.#config;
    const waiting = proposals.wait(id, call);
    try {
      submit(data, () => proposals.isWaiting(id));
    } catch (error) {
      proposals.fail(id, error instanceof Error ? error : new Error(String(error)));
    }
    const result = await waiting;
    if (result.error !== undefined) throw result.error;
    return result;
  }
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
