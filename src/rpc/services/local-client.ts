import { EtcdError, GrpcCode, type Key, type LeaseId } from "../../base/index.js";
import type { Call, EtcdServer, KvService, LeaseService } from "../../server/index.js";
import {
  DeleteRangeRequest,
  KeyValue,
  LeaseGrantRequest,
  RangeRequest,
  type RangeResponse,
  type ResponseHeader,
  TxnRequest,
  type TxnResponse,
} from "../../wire/index.js";
import type { UnaryHandler } from "../grpc/binding.js";
import { KeyEvents, type WatchedKeys } from "./key-events.js";
import { CallError } from "./status.js";

export interface LocalServer extends Pick<EtcdServer, "watchable" | "watchJudge" | "headers"> {
  readonly kv: Pick<KvService, "range" | "deleteRange" | "txn">;
  readonly leases: Pick<LeaseService, "grant">;
}

/** The TTL of a lease that the server grants for a client's session. Only the client keeps it alive. */
const sessionTtlSeconds = 60;

/** The requests that the lock and election services make for a client, with the client's call and rights. */
export class LocalClient {
  readonly #server: LocalServer;

  constructor(server: LocalServer) {
    this.#server = server;
  }

  /** The header of an answer at this revision. */
  header(revision: number): ResponseHeader {
    return this.#server.headers.at(revision);
  }

  /** The given lease, or a new one for 0. That a given lease exists is checked by the later put. */
  async session(lease: bigint, call: Call): Promise<LeaseId> {
    if (lease !== 0n) return lease as LeaseId;
    const request = LeaseGrantRequest.create({ ttl: sessionTtlSeconds });
    const { id } = await this.#server.leases.grant(request, call);
    return id as LeaseId;
  }

  async range(request: Partial<RangeRequest>, call: Call): Promise<Found> {
    return found(await this.#server.kv.range(RangeRequest.create(request), call));
  }

  async txn(request: Partial<TxnRequest>, call: Call): Promise<TxnAnswer> {
    const { header, succeeded, responses } = await this.#server.kv.txn(TxnRequest.create(request), call);
    return { header, revision: header?.revision ?? 0, succeeded, ranges: rangesOf(responses) };
  }

  /** Opens a watch, which the caller must close. @throws EtcdError when the client may not read all of the keys */
  watch(keys: WatchedKeys, call: Call): Promise<KeyEvents> {
    return KeyEvents.open(this.#server, keys, call);
  }

  async deleteKey(key: Key, call: Call): Promise<ResponseHeader | undefined> {
    return (await this.#server.kv.deleteRange(DeleteRangeRequest.create({ key }), call)).header;
  }
}

/** The result of a range. */
export interface Found {
  readonly header: ResponseHeader | undefined;
  readonly revision: number;
  /** The first pair; undefined when there is none. */
  readonly kv: KeyValue | undefined;
}

export interface TxnAnswer {
  readonly header: ResponseHeader | undefined;
  readonly revision: number;
  readonly succeeded: boolean;
  /** The first pair of each operation's result; undefined for puts. */
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

/** An error of these services themselves, with the code Unknown as in etcd. */
export function unknown(details: string): CallError {
  return new CallError(GrpcCode.Unknown, details);
}

/** Refuses as etcd's lock and election services do: with the server's text, but without its code. */
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
