import {
  Client,
  type ClientDuplexStream,
  type ClientUnaryCall,
  connectivityState,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { GrpcCode } from "../base/index.js";
import { attemptError } from "./attempt-error.js";
import { canceled } from "./client-error.js";
import { type Target, targetOf } from "./endpoint.js";
import type { ClientOptions, TlsOptions } from "./options.js";
import { AttemptError, type LinkCall, type LinkState, type RpcMethod } from "./transport.js";

/** The most bytes of a request, as in etcd's client. */
const sendBytesMax = 2 * 1024 * 1024;
const dialMs = 2_000;

/** One endpoint's gRPC connection, which is opened when first needed and reopened when it breaks. */
export class Connection {
  readonly #target: Target;
  readonly #client: Client;
  readonly #dialTimeoutMs: number;

  constructor(endpoint: string, options: ClientOptions) {
    this.#target = targetOf(endpoint);
    this.#dialTimeoutMs = options.dialTimeoutMs ?? dialMs;
    this.#client = new Client(this.#target.address, credentialsFor(this.#target, options.tls), {
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

  get state(): LinkState {
    switch (this.#client.getChannel().getConnectivityState(false)) {
      case connectivityState.READY:
        return "connected";
      case connectivityState.TRANSIENT_FAILURE:
        return "failed";
      default:
        return "unknown";
    }
  }

  /** @throws AttemptError */
  async unary<Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Request,
    { metadata, timeoutMs, signal }: LinkCall,
  ): Promise<Response> {
    const bytes = method.request.encode(request);
    const { endpoint } = this.#target;
    if (bytes.byteLength > sendBytesMax) {
      const text = `trying to send message larger than max (${bytes.byteLength} vs. ${sendBytesMax})`;
      throw new AttemptError(GrpcCode.ResourceExhausted, text, endpoint, false);
    }
    const deadline = Date.now() + timeoutMs;
    await this.#connected(deadline, signal);
    return new Promise((resolve, reject) => {
      let call: ClientUnaryCall | undefined;
      const cancel = (): void => call?.cancel();
      call = this.#client.makeUnaryRequest(
        method.path,
        (body: Uint8Array) => Buffer.from(body.buffer, body.byteOffset, body.byteLength),
        (body) => method.response.decode(body),
        bytes,
        metadataOf(metadata),
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

  /** Opens a stream; its failure arrives as its `error` event. @throws AttemptError when there is no connection */
  async duplex<Request, Response>(
    method: RpcMethod<Request, Response>,
    { metadata, timeoutMs, signal }: LinkCall,
  ): Promise<ClientDuplexStream<Request, Response>> {
    const deadline = Date.now() + timeoutMs;
    await this.#connected(deadline, signal);
    return this.#client.makeBidiStreamRequest(
      method.path,
      (message: Request) => Buffer.from(method.request.encode(message)),
      (bytes) => method.response.decode(bytes),
      metadataOf(metadata),
      { deadline },
    );
  }

  close(): void {
    this.#client.close();
  }

  /** Waits until the connection is open. When it was refused, the call itself fails with the reason. */
  #connected(deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const channel = this.#client.getChannel();
    const until = Math.min(deadline, Date.now() + this.#dialTimeoutMs);
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(canceled());
      if (signal?.aborted === true) return abort();
      signal?.addEventListener("abort", abort, { once: true });
      const connected = (): void => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      const look = (timedOut: boolean): void => {
        const state = channel.getConnectivityState(true);
        if (state === connectivityState.READY || state === connectivityState.TRANSIENT_FAILURE) connected();
        // The timer may fire a moment early: check the deadline itself.
        else if (timedOut && Date.now() < until) setTimeout(look, until - Date.now(), true);
        else if (timedOut) {
          signal?.removeEventListener("abort", abort);
          const text = `connection error: no answer from ${this.#target.address}`;
          reject(new AttemptError(GrpcCode.Unavailable, text, this.#target.endpoint, true));
        } else channel.watchConnectivityState(state, until, (error) => look(error !== undefined));
      };
      look(false);
    });
  }
}

function metadataOf(entries: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
  return metadata;
}

function credentialsFor({ tls: use }: Target, tls: TlsOptions | undefined) {
  if (use === "never" || (use === "configured" && tls === undefined)) return credentials.createInsecure();
  const pem = (bytes: Uint8Array | undefined): Buffer | null => (bytes === undefined ? null : Buffer.from(bytes));
  return credentials.createSsl(pem(tls?.ca), pem(tls?.key), pem(tls?.cert), {
    rejectUnauthorized: tls?.insecureSkipVerify !== true,
  });
}
