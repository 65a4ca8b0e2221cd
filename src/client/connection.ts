import {
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  connectivityState,
  credentials,
  type Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { GrpcCode } from "../base/index.js";
import { ClientError } from "./client-error.js";
import { type Target, targetOf } from "./endpoint.js";
import type { ClientOptions, TlsOptions } from "./options.js";

/** A method as described by `services` of the room wire. */
export interface RpcMethod<Request, Response> {
  readonly path: string;
  readonly request: { create(fields?: Partial<Request>): Request; encode(message: Request): Uint8Array };
  readonly response: { decode(bytes: Uint8Array): Response };
}

/** A failed attempt at one endpoint. */
export class AttemptError extends ClientError {
  /** The request was surely not sent, so even a write may be retried. */
  readonly notSent: boolean;

  constructor(code: number, details: string, endpoint: string, notSent: boolean) {
    super(code, details, { endpoint });
    this.notSent = notSent;
  }
}

/** The most bytes of a request, as in etcd's client. */
const sendBytesMax = 2 * 1024 * 1024;

/** One endpoint and its connection, which is opened when first needed and reopened when it breaks. */
export class Connection {
  readonly target: Target;
  readonly #client: Client;
  readonly #dialTimeoutMs: number;

  constructor(endpoint: string, options: ClientOptions) {
    this.target = targetOf(endpoint);
    this.#dialTimeoutMs = options.dialTimeoutMs ?? 2_000;
    this.#client = new Client(this.target.address, credentialsFor(this.target, options.tls), {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      // The caller decides about retries, since that depends on the call.
      "grpc.enable_retries": 0,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 2_000,
      "grpc.enable_http_proxy": 0,
      "grpc.enable_channelz": 0,
      "grpc.service_config_disable_resolution": 1,
      ...(options.tls?.serverName === undefined ? {} : { "grpc.ssl_target_name_override": options.tls.serverName }),
      ...(options.keepAliveTimeMs === undefined ? {} : { "grpc.keepalive_time_ms": options.keepAliveTimeMs }),
      ...(options.keepAliveTimeMs === undefined
        ? {}
        : { "grpc.keepalive_timeout_ms": options.keepAliveTimeoutMs ?? 6_000 }),
    });
  }

  /** Preference of the connection, the lowest first: 0 connected, 1 unknown, 2 failed lately. */
  get rank(): number {
    switch (this.#client.getChannel().getConnectivityState(false)) {
      case connectivityState.READY:
        return 0;
      case connectivityState.TRANSIENT_FAILURE:
        return 2;
      default:
        return 1;
    }
  }

  /** @throws AttemptError */
  async unary<Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Uint8Array,
    metadata: Metadata,
    deadline: number,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const { endpoint } = this.target;
    if (request.byteLength > sendBytesMax) {
      const text = `trying to send message larger than max (${request.byteLength} vs. ${sendBytesMax})`;
      throw new AttemptError(GrpcCode.ResourceExhausted, text, endpoint, false);
    }
    await this.#connected(deadline);
    return new Promise((resolve, reject) => {
      let call: ClientUnaryCall | undefined;
      const cancel = (): void => call?.cancel();
      call = this.#client.makeUnaryRequest(
        method.path,
        (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
        (bytes) => method.response.decode(bytes),
        request,
        metadata,
        { deadline },
        (error: ServiceError | null, response?: Response) => {
          signal?.removeEventListener("abort", cancel);
          if (error !== null || response === undefined) reject(attemptError(error, endpoint));
          else resolve(response);
        },
      );
      signal?.addEventListener("abort", cancel, { once: true });
    });
  }

  /**
   * Opens a stream in both directions; its failure arrives as its `error` event.
   *
   * @param deadline deadline of the connection; the stream itself has none
   * @throws AttemptError
   */
  async duplex<Request, Response>(
    method: RpcMethod<Request, Response>,
    metadata: Metadata,
    deadline: number,
  ): Promise<ClientDuplexStream<Request, Response>> {
    await this.#connected(deadline);
    return this.#client.makeBidiStreamRequest(
      method.path,
      (message: Request) => Buffer.from(method.request.encode(message)),
      (bytes) => method.response.decode(bytes),
      metadata,
    );
  }

  /** Opens a stream of answers. @throws AttemptError */
  async serverStream<Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Request,
    metadata: Metadata,
    deadline: number,
  ): Promise<ClientReadableStream<Response>> {
    await this.#connected(deadline);
    return this.#client.makeServerStreamRequest(
      method.path,
      (message: Request) => Buffer.from(method.request.encode(message)),
      (bytes) => method.response.decode(bytes),
      request,
      metadata,
      { deadline },
    );
  }

  close(): void {
    this.#client.close();
  }

  /** Waits until the connection is open. When it was refused, the call itself fails with the reason. */
  #connected(deadline: number): Promise<void> {
    const channel = this.#client.getChannel();
    const until = Math.min(deadline, Date.now() + this.#dialTimeoutMs);
    return new Promise((resolve, reject) => {
      const look = (timedOut: boolean): void => {
        const state = channel.getConnectivityState(true);
        if (state === connectivityState.READY || state === connectivityState.TRANSIENT_FAILURE) resolve();
        // The timer may fire a moment early: check the deadline itself.
        else if (timedOut && Date.now() < until) setTimeout(look, until - Date.now(), true);
        else if (timedOut) {
          const text = `connection error: no answer from ${this.target.address}`;
          reject(new AttemptError(GrpcCode.Unavailable, text, this.target.endpoint, true));
        } else channel.watchConnectivityState(state, until, (error) => look(error !== undefined));
      };
      look(false);
    });
  }
}

/** grpc-js's texts for calls that found no connection. */
const neverSent = /^(No connection established|Name resolution failed|Connecting to|Failed to connect)/;

export function attemptError(error: ServiceError | Error | null, endpoint: string): AttemptError {
  const { code, details } = { code: GrpcCode.Internal, details: error?.message ?? "no response", ...error };
  const notSent = code === GrpcCode.Unavailable && neverSent.test(details);
  return new AttemptError(code, details, endpoint, notSent);
}

function credentialsFor({ tls: use }: Target, tls: TlsOptions | undefined) {
  if (use === "never" || (use === "configured" && tls === undefined)) return credentials.createInsecure();
  const pem = (bytes: Uint8Array | undefined): Buffer | null => (bytes === undefined ? null : Buffer.from(bytes));
  return credentials.createSsl(pem(tls?.ca), pem(tls?.key), pem(tls?.cert), {
    rejectUnauthorized: tls?.insecureSkipVerify !== true,
  });
}
