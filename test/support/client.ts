import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { type Codec, services } from "../../src/wire/index.js";

type Services = typeof services;
type ServiceName = keyof Services;
type MethodName<S extends ServiceName> = keyof Services[S] & string;
type MethodOf<S extends ServiceName, M extends MethodName<S>> = Services[S][M];
type MessageOf<C> = C extends Codec<infer Message> ? Message : never;
type RequestOf<S extends ServiceName, M extends MethodName<S>> =
  MethodOf<S, M> extends { readonly request: infer C } ? MessageOf<C> : never;
type ResponseOf<S extends ServiceName, M extends MethodName<S>> =
  MethodOf<S, M> extends { readonly response: infer C } ? MessageOf<C> : never;

interface AnyMethod {
  readonly path: string;
  readonly request: Codec<unknown>;
  readonly response: Codec<unknown>;
}

/** A gRPC client for tests. It can call all methods, and does not retry, so that tests see the server's answers. */
export class TestClient {
  readonly #client: Client;
  readonly #deadlineMs: number | undefined;
  readonly #metadata = new Metadata();

  /**
   * @param deadlineMs the timeout of unary calls; by default there is none
   * @param token the token of a user, for a server with authentication
   */
  constructor(
    endpoint: string,
    deadlineMs?: number,
    channel: ChannelCredentials = credentials.createInsecure(),
    token?: string,
  ) {
    this.#deadlineMs = deadlineMs;
    if (token !== undefined) this.#metadata.set("token", token);
    this.#client = new Client(endpoint, channel, {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      "grpc.enable_retries": 0,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.initial_reconnect_backoff_ms": 50,
      "grpc.max_reconnect_backoff_ms": 100,
    });
  }

  /** Makes a unary call. @throws the ServiceError of grpc-js, with `code` and `details` */
  unary<S extends ServiceName, M extends MethodName<S>>(
    service: S,
    method: M,
    request: Partial<RequestOf<S, M>> = {},
  ): Promise<ResponseOf<S, M>> {
    const { path, request: encoder, response: decoder } = services[service][method] as unknown as AnyMethod;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        (message: unknown) => Buffer.from(encoder.encode(message)),
        (bytes) => decoder.decode(bytes),
        encoder.create(request),
        this.#metadata,
        this.#deadlineMs === undefined ? {} : { deadline: Date.now() + this.#deadlineMs },
        (error: ServiceError | null, response?: unknown) => {
          if (error !== null) reject(error);
          else resolve(response as ResponseOf<S, M>);
        },
      );
    });
  }

  /** Opens a bidirectional stream. The status with which the server ends it is emitted as an `error` event. */
  stream<S extends ServiceName, M extends MethodName<S>>(
    service: S,
    method: M,
  ): ClientDuplexStream<RequestOf<S, M>, ResponseOf<S, M>> {
    const { path, request: encoder, response: decoder } = services[service][method] as unknown as AnyMethod;
    return this.#client.makeBidiStreamRequest(
      path,
      (message: RequestOf<S, M>) => Buffer.from(encoder.encode(message)),
      (bytes) => decoder.decode(bytes) as ResponseOf<S, M>,
      this.#metadata,
    );
  }

  close(): void {
    this.#client.close();
  }
}
