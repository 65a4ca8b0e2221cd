import { isOneKey, type Key, openEnd, prefixEnd } from "../base/index.js";
import {
  type Compare,
  type Decoded,
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  type KeyValue,
  type LeaseTimeToLiveResponse,
  type PutRequest,
  type PutResponse,
  type RangeRequest,
  type RangeResponse,
  type RangeStreamResponse,
  type RequestOp,
  type ResponseOp,
  services,
  type TxnRequest,
  type TxnResponse,
  type WatchRequest,
} from "../wire/index.js";
import type { Link, LinkCall, LinkState, LinkStream, RpcMethod, StreamListener, Transport } from "./transport.js";
import type { WatchBatch } from "./watch.js";

/** A transport that adds a prefix to the keys of all requests, and removes it from the keys of all answers. */
export function namespaced(transport: Transport, prefix: Key): Transport {
  const names = new Namespace(prefix);
  return { links: transport.links.map((link) => new NamespaceLink(link, names)) };
}

class NamespaceLink implements Link {
  readonly #link: Link;
  readonly #names: Namespace;

  constructor(link: Link, names: Namespace) {
    this.#link = link;
    this.#names = names;
  }

  get endpoint(): string {
    return this.#link.endpoint;
  }

  get state(): LinkState {
    return this.#link.state;
  }

  async unary<Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Request,
    call: LinkCall,
  ): Promise<Response> {
    const response = await this.#link.unary(method, this.#names.into(method.path, request), call);
    return this.#names.outOf(method.path, response);
  }

  stream<Request, Response>(
    method: RpcMethod<Request, Response>,
    call: LinkCall,
    listener: StreamListener<Response>,
  ): LinkStream<Request> {
    const stream = this.#link.stream(method, call, {
      message: (response) => listener.message(this.#names.outOf(method.path, response)),
      closed: (error) => listener.closed(error),
    });
    return {
      send: (request) => stream.send(this.#names.into(method.path, request)),
      finish: () => stream.finish(),
      cancel: () => stream.cancel(),
      pause: () => stream.pause(),
      resume: () => stream.resume(),
    };
  }

  /** The connection belongs to the client around the namespace, which closes it. */
  close(): void {}
}

const { Range, RangeStream, Put, DeleteRange, Txn } = services["etcdserverpb.KV"];
const { Watch } = services["etcdserverpb.Watch"];
const { LeaseTimeToLive } = services["etcdserverpb.Lease"];

/** Translates messages. Those of methods without keys stay as they are. */
class Namespace {
  readonly #prefix: Key;

  constructor(prefix: Key) {
    this.#prefix = prefix;
  }

  /** A request of the namespace as a request to the server. */
  into<Request>(path: string, request: Request): Request {
    const known = request as unknown;
    switch (path) {
      case Range.path:
        return this.#range(known as RangeRequest) as Request;
      case Put.path:
        return this.#put(known as PutRequest) as Request;
      case RangeStream.path:
        return this.#range(known as RangeRequest) as Request;
      case DeleteRange.path:
        return this.#range(known as DeleteRangeRequest) as Request;
      case Txn.path:
        return this.#txn(known as TxnRequest) as Request;
      case Watch.path:
        return this.#watch(known as WatchRequest) as Request;
      default:
        return request;
    }
  }

  /** An answer of the server as an answer of the namespace. */
  outOf<Response>(path: string, response: Response): Response {
    const known = response as unknown;
    switch (path) {
      case Range.path:
        return this.#ranged(known as RangeResponse) as Response;
      case RangeStream.path:
        return this.#streamed(known as RangeStreamResponse) as Response;
      case Put.path:
        return this.#putDone(known as PutResponse) as Response;
      case DeleteRange.path:
        return this.#deleted(known as DeleteRangeResponse) as Response;
      case Txn.path:
        return this.#txnDone(known as TxnResponse) as Response;
      case Watch.path:
        return this.#watched(known as WatchBatch) as Response;
      case LeaseTimeToLive.path:
        return this.#timeToLive(known as LeaseTimeToLiveResponse) as Response;
      default:
        return response;
    }
  }

  #range<Request extends { readonly key: Key; readonly rangeEnd: Key }>(request: Request): Request {
    const { key, rangeEnd } = request;
    // The server refuses an empty key, so it must stay empty.
    if (isOneKey(rangeEnd)) return key === "" ? request : { ...request, key: this.#prefix + key };
    const end = rangeEnd === openEnd ? prefixEnd(this.#prefix) : this.#prefix + rangeEnd;
    return { ...request, key: this.#prefix === "" ? key : this.#prefix + key, rangeEnd: end };
  }

  #put(request: PutRequest): PutRequest {
    return request.key === "" ? request : { ...request, key: this.#prefix + request.key };
  }

  #txn({ compare, success, failure }: TxnRequest): TxnRequest {
    return {
      compare: compare.map((one): Compare => this.#range(one)),
      success: success.map((op) => this.#op(op)),
      failure: failure.map((op) => this.#op(op)),
    };
  }

  #op(op: RequestOp): RequestOp {
    const { request } = op;
    switch (request?.case) {
      case "requestRange":
        return { request: { case: request.case, value: this.#range(request.value) } };
      case "requestPut":
        return { request: { case: request.case, value: this.#put(request.value) } };
      case "requestDeleteRange":
        return { request: { case: request.case, value: this.#range(request.value) } };
      case "requestTxn":
        return { request: { case: request.case, value: this.#txn(request.value) } };
      case undefined:
        return op;
    }
  }

  #watch(request: WatchRequest): WatchRequest {
    const { requestUnion: union } = request;
    if (union?.case !== "createRequest") return request;
    return { requestUnion: { case: union.case, value: this.#range(union.value) } };
  }

  #pair<Pair extends Decoded<KeyValue> | undefined>(pair: Pair): Pair {
    return pair && { ...pair, key: pair.key.slice(this.#prefix.length) };
  }

  #ranged(response: RangeResponse): RangeResponse {
    return { ...response, kvs: (response as Decoded<RangeResponse>).kvs.map((pair) => this.#pair(pair)) };
  }

  #streamed({ rangeResponse }: RangeStreamResponse): RangeStreamResponse {
    return { rangeResponse: rangeResponse && this.#ranged(rangeResponse) };
  }

  #putDone(response: PutResponse): PutResponse {
    return { ...response, prevKv: this.#pair((response as Decoded<PutResponse>).prevKv) };
  }

  #deleted(response: DeleteRangeResponse): DeleteRangeResponse {
    return { ...response, prevKvs: (response as Decoded<DeleteRangeResponse>).prevKvs.map((pair) => this.#pair(pair)) };
  }

  #txnDone(response: TxnResponse): TxnResponse {
    return { ...response, responses: response.responses.map((op) => this.#opDone(op)) };
  }

  #opDone(op: ResponseOp): ResponseOp {
    const { response } = op;
    switch (response?.case) {
      case "responseRange":
        return { response: { case: response.case, value: this.#ranged(response.value) } };
      case "responsePut":
        return { response: { case: response.case, value: this.#putDone(response.value) } };
      case "responseDeleteRange":
        return { response: { case: response.case, value: this.#deleted(response.value) } };
      case "responseTxn":
        return { response: { case: response.case, value: this.#txnDone(response.value) } };
      case undefined:
        return op;
    }
  }

  #watched(batch: WatchBatch): WatchBatch {
    const events = batch.events.map((event) => ({
      ...event,
      kv: this.#pair(event.kv),
      prevKv: this.#pair(event.prevKv),
    }));
    return { ...batch, events };
  }

  /** Shows those keys of a lease that belong to the namespace. */
  #timeToLive(response: LeaseTimeToLiveResponse): LeaseTimeToLiveResponse {
    const own = response.keys.filter((key) => key.startsWith(this.#prefix));
    return { ...response, keys: own.map((key) => key.slice(this.#prefix.length)) };
  }
}
