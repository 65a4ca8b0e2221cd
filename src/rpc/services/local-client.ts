import { EtcdError, GrpcCode, type Key, type LeaseId, prefixRange } from "../../base/index.js";
import type { Call, EtcdServer } from "../../server/index.js";
import {
  Compare,
  CompareResult,
  CompareTarget,
  DeleteRangeRequest,
  KeyValue,
  LeaseGrantRequest,
  PutRequest,
  RangeRequest,
  type RangeResponse,
  type RequestOp,
  type ResponseHeader,
  SortOrder,
  SortTarget,
  TxnRequest,
  type TxnResponse,
} from "../../wire/index.js";
import type { UnaryHandler } from "../grpc/binding.js";
import { KeyEvents, type WatchedKeys } from "./key-events.js";
import { type KvCalls, type KvServer, kvCalls } from "./kv.js";
import { CallError } from "./status.js";

export type LocalServer = KvServer & Pick<EtcdServer, "leaseGrant" | "watchable" | "watchJudge" | "header">;

/** A session that the server makes for a client lives so long; the client keeps it alive, nobody else does. */
const sessionTtlSeconds = 60;

/** What the lock and election services do for a client as if it had asked itself: with its call, hence its rights. */
export class LocalClient {
  readonly #server: LocalServer;
  readonly #kv: KvCalls<RangeResponse, TxnResponse>;

  constructor(server: LocalServer, maxTxnOps: number) {
    this.#server = server;
    const { range, txn } = server;
    this.#kv = kvCalls(server, { range: range.bind(server), txn: txn.bind(server) }, maxTxnOps);
  }

  /** Header of an answer about this revision. */
  header(revision: number): ResponseHeader {
    return this.#server.header(revision);
  }

  /** The lease itself, or a new one in place of 0. Whether it exists shows when something is put. */
  async session(lease: bigint, call: Call): Promise<LeaseId> {
    if (lease !== 0n) return lease as LeaseId;
    const request = LeaseGrantRequest.create({ ttl: sessionTtlSeconds });
    const { id } = await (this.#server.refuseGrowth({ leaseGrant: request }) ?? this.#server.leaseGrant(request, call));
    return id as LeaseId;
  }

  async range(request: Partial<RangeRequest>, call: Call): Promise<Found> {
    return found(await this.#kv.range(RangeRequest.create(request), call));
  }

  async txn(request: Partial<TxnRequest>, call: Call): Promise<TxnAnswer> {
    const { header, succeeded, responses } = await this.#kv.txn(TxnRequest.create(request), call);
    return { header, revision: header?.revision ?? 0, succeeded, ranges: rangesOf(responses) };
  }

  /** The caller closes what comes. @throws EtcdError when the client may not read all of the keys */
  watch(keys: WatchedKeys, call: Call): Promise<KeyEvents> {
    return KeyEvents.open(this.#server, keys, call);
  }

  async deleteKey(key: Key, call: Call): Promise<ResponseHeader | undefined> {
    return (await this.#kv.deleteRange(DeleteRangeRequest.create({ key }), call)).header;
  }
}

/** What a range found. */
export interface Found {
  readonly header: ResponseHeader | undefined;
  readonly revision: number;
  /** The first of it. */
  readonly kv: KeyValue | undefined;
}

export interface TxnAnswer {
  readonly header: ResponseHeader | undefined;
  readonly revision: number;
  readonly succeeded: boolean;
  /** What each of its operations found; a put finds nothing. */
  readonly ranges: readonly (KeyValue | undefined)[];
}

function rangesOf(responses: TxnResponse["responses"]): TxnAnswer["ranges"] {
  return responses.map(({ response }) => (response?.case === "responseRange" ? found(response.value).kv : undefined));
}

function found({ header, kvs }: RangeResponse): Found {
  const [first] = kvs;
  const kv = first instanceof Uint8Array ? KeyValue.decode(first) : first;
  return { header, revision: header?.revision ?? 0, kv };
}

/** The newest of `prefix`'s keys, or the oldest: whom a waiter waits for, and who comes first. */
export function byCreation(prefix: Key, order: "first" | "last"): Partial<RangeRequest> {
  const sortOrder = order === "first" ? SortOrder.ASCEND : SortOrder.DESCEND;
  return { ...prefixRange(prefix), limit: 1, sortTarget: SortTarget.CREATE, sortOrder };
}

/** Holds in that life of a key which this revision created; 0: when there is no such key. */
export function createdAt(key: Key, revision: number): Compare {
  const targetUnion = { case: "createRevision", value: revision } as const;
  return Compare.create({ result: CompareResult.EQUAL, target: CompareTarget.CREATE, key, targetUnion });
}

export const operation = {
  put: (put: Partial<PutRequest>): RequestOp => ({
    request: { case: "requestPut", value: PutRequest.create(put) },
  }),
  range: (range: Partial<RangeRequest>): RequestOp => ({
    request: { case: "requestRange", value: RangeRequest.create(range) },
  }),
  delete: (key: Key): RequestOp => ({
    request: { case: "requestDeleteRange", value: DeleteRangeRequest.create({ key }) },
  }),
};

/** A refusal of these services themselves: etcd gives none of them a code. */
export function unknown(details: string): CallError {
  return new CallError(GrpcCode.Unknown, details);
}

/** As etcd's lock and election services refuse: in the server's words, but without its code. */
export function withoutCodes<Request, Response>(
  handle: UnaryHandler<Request, Response>,
): UnaryHandler<Request, Response> {
  return async (request, call) => {
    try {
      return await handle(request, call);
    } catch (error) {
      if (error instanceof EtcdError && error.kind !== "canceled") throw unknown(error.message);
      throw error;
    }
  };
}
