import type { Key } from "../base/index.js";
import {
  type Link,
  type LinkCall,
  type LinkState,
  type LinkStream,
  namespaced,
  type RpcMethod,
  type StreamListener,
} from "../client/index.js";
import { type Method, services } from "../wire/index.js";

/** The methods whose messages contain keys of the namespace. As in etcd's proxy, locks and elections do not. */
const translated = new Map<string, Method<object, object>>(
  [
    services["etcdserverpb.KV"].Range,
    services["etcdserverpb.KV"].Put,
    services["etcdserverpb.KV"].DeleteRange,
    services["etcdserverpb.KV"].Txn,
    services["etcdserverpb.Watch"].Watch,
    services["etcdserverpb.Lease"].LeaseTimeToLive,
  ].map((method) => [method.path, method as unknown as Method<object, object>]),
);

/**
 * A link whose encoded messages pass through as they are, except that a prefix is added to the keys of requests and
 * removed from those of answers.
 */
export function namespaceLink(link: Link, prefix: Key): Link {
  const [inner = link] = namespaced({ links: [link] }, prefix).links;
  return new NamespaceLink(link, inner);
}

class NamespaceLink implements Link {
  readonly #bare: Link;
  readonly #inner: Link;

  /** @param inner translates messages that are not encoded */
  constructor(bare: Link, inner: Link) {
    this.#bare = bare;
    this.#inner = inner;
  }

  get endpoint(): string {
    return this.#bare.endpoint;
  }

  get state(): LinkState {
    return this.#bare.state;
  }

  async unary<Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Request,
    call: LinkCall,
  ): Promise<Response> {
    const typed = translated.get(method.path);
    if (typed === undefined) return await this.#bare.unary(method, request, call);
    const message = typed.request.decode(method.request.encode(request));
    return method.response.decode(typed.response.encode(await this.#inner.unary(typed, message, call)));
  }

  stream<Request, Response>(
    method: RpcMethod<Request, Response>,
    call: LinkCall,
    listener: StreamListener<Response>,
  ): LinkStream<Request> {
    const typed = translated.get(method.path);
    if (typed === undefined) return this.#bare.stream(method, call, listener);
    const stream = this.#inner.stream(typed, call, {
      message: (message) => listener.message(method.response.decode(typed.response.encode(message))),
      closed: (error) => listener.closed(error),
    });
    return {
      send: (request) => stream.send(typed.request.decode(method.request.encode(request))),
      finish: () => stream.finish(),
      cancel: () => stream.cancel(),
      pause: () => stream.pause(),
      resume: () => stream.resume(),
    };
  }

  close(): void {
    this.#bare.close();
  }
}
