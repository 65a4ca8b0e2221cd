import { ClientError } from "./client-error.js";

/** A method of etcd's API, as `services` of the wire protocol describe it. */
export interface RpcMethod<Request, Response> {
  /** The method's gRPC path, such as `/etcdserverpb.KV/Range`. */
  readonly path: string;
  readonly request: { create(fields?: Partial<Request>): Request; encode(message: Request): Uint8Array };
  readonly response: { decode(bytes: Uint8Array): Response };
}

/**
 * The way from a client to its servers: gRPC, JSON over HTTP, or direct calls within a process. A transport moves
 * messages and nothing else. The client above it chooses endpoints, retries calls, reopens streams and logs in.
 */
export interface Transport {
  /** One link for each endpoint, at least one. */
  readonly links: readonly Link[];
}

/** The way to one endpoint. */
export interface Link {
  /** The endpoint as it was configured; errors show it. */
  readonly endpoint: string;
  /** A client prefers connected links to unknown ones, and unknown links to failed ones. */
  readonly state: LinkState;
  /**
   * Makes one attempt at a unary call.
   *
   * @throws AttemptError with the server's status, DeadlineExceeded after the time limit, Canceled after an abort
   */
  unary<Request, Response>(method: RpcMethod<Request, Response>, request: Request, call: LinkCall): Promise<Response>;
  /**
   * Opens a stream and returns at once: requests may be sent before the connection exists. `listener` is called in
   * later turns only. Methods that take one request are used in the same way: the caller sends it and finishes.
   */
  stream<Request, Response>(
    method: RpcMethod<Request, Response>,
    call: LinkCall,
    listener: StreamListener<Response>,
  ): LinkStream<Request>;
  /** Closes connections; calls and streams under way end with the code Canceled. */
  close(): void;
}

export type LinkState = "connected" | "unknown" | "failed";

/** Particulars of one call or stream. */
export interface LinkCall {
  /** Entries of gRPC metadata, such as `token` and `hasleader`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Time after which the link ends the call or the stream with DeadlineExceeded; Infinity for no limit. */
  readonly timeoutMs: number;
  /** Its abort ends the call or the stream with the code Canceled. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Asked for room before an answer of more than a frame is received. Without room the call ends with
   * ResourceExhausted. Transports other than gRPC ignore it.
   */
  readonly hasRoom?: ((bytes: number) => boolean) | undefined;
}

/** The client's side of a stream. */
export interface LinkStream<Request> {
  send(request: Request): void;
  /** No further requests follow. */
  finish(): void;
  /** Ends the stream; its listener is not called any more. */
  cancel(): void;
  /** Stops reading, so that the server is slowed down; at most a bounded number of answers still arrives. */
  pause(): void;
  resume(): void;
}

/** Receives what a server sends on a stream. */
export interface StreamListener<Response> {
  message(response: Response): void;
  /** The stream is over; called once, after the last message. Without an error the server ended it with status OK. */
  closed(error: AttemptError | undefined): void;
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
