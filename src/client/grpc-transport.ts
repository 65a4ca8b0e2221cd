import { GrpcCode } from "../base/index.js";
import { ClientError, canceled } from "./client-error.js";
import type { Connection } from "./connection.js";
import { GrpcStream } from "./grpc-stream.js";
import type { ClientOptions } from "./options.js";
import type { Link, LinkCall, LinkState, LinkStream, RpcMethod, StreamListener, Transport } from "./transport.js";

/** The transport that speaks gRPC, to each endpoint over one connection. */
export function grpcTransport(options: ClientOptions): Transport {
  if (options.endpoints.length === 0) {
    throw new ClientError(GrpcCode.InvalidArgument, "etcdclient: no available endpoints");
  }
  return { links: options.endpoints.map((endpoint) => new GrpcLink(endpoint, options)) };
}

/** One endpoint. Loads grpc-js for its first call, so that programs that never speak gRPC start without it. */
class GrpcLink implements Link {
  readonly endpoint: string;
  readonly #options: ClientOptions;
  #connection: Connection | undefined;
  #closed = false;

  constructor(endpoint: string, options: ClientOptions) {
    this.endpoint = endpoint;
    this.#options = options;
  }

  get state(): LinkState {
    return this.#connection?.state ?? "unknown";
  }

  async unary<Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Request,
    call: LinkCall,
  ): Promise<Response> {
    return (this.#connection ?? (await this.#load())).unary(method, request, call);
  }

  stream<Request, Response>(
    method: RpcMethod<Request, Response>,
    call: LinkCall,
    listener: StreamListener<Response>,
  ): LinkStream<Request> {
    const open = async () => (this.#connection ?? (await this.#load())).duplex(method, call);
    return new GrpcStream(open, this.endpoint, call.signal, listener);
  }

  close(): void {
    this.#closed = true;
    this.#connection?.close();
  }

  async #load(): Promise<Connection> {
    const { Connection } = await import("./connection.js");
    if (this.#closed) throw canceled();
    this.#connection ??= new Connection(this.endpoint, this.#options);
    return this.#connection;
  }
}
