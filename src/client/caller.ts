import { setTimeout as sleep } from "node:timers/promises";
import { type ClientDuplexStream, type ClientReadableStream, Metadata } from "@grpc/grpc-js";
import { GrpcCode } from "../base/index.js";
import { services } from "../wire/index.js";
import { ClientError, canceled, deadlineExceeded } from "./client-error.js";
import { AttemptError, Connection, type RpcMethod } from "./connection.js";
import type { CallOptions, ClientOptions } from "./options.js";

/** The most attempts of one call before its last error is returned, as in Go's client. */
const attemptsMax = 100;
/** Pause between two rounds over the endpoints; a random tenth of it keeps clients from returning all at once. */
const backoffMs = 25;

/**
 * The server's error for a call without a token, which the client lacks when it logged in while authentication was
 * disabled.
 */
const noToken = "etcdserver: user name is empty";
const refusedTokens = ["etcdserver: invalid auth token", "etcdserver: revision of auth store is old"];

/** Sends calls to an endpoint that can take them, and retries those that may be retried. */
export class Caller {
  readonly #options: ClientOptions;
  readonly #connections: readonly Connection[];
  #turn = 0;
  #token: Promise<string> | undefined;
  /** The last login returned no token, since authentication was disabled. */
  #bare = false;
  #closed = false;

  constructor(options: ClientOptions) {
    if (options.endpoints.length === 0)
      throw new ClientError(GrpcCode.InvalidArgument, "etcdclient: no available endpoints");
    this.#options = options;
    this.#connections = options.endpoints.map((endpoint) => new Connection(endpoint, options));
  }

  get endpoints(): readonly string[] {
    return this.#connections.map(({ target }) => target.endpoint);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Makes a unary call. An `idempotent` call may be sent twice, so it is retried at another member when one is
   * unavailable. Any other call is retried only when it surely was not sent.
   *
   * @throws ClientError
   */
  async unary<Request, Response>(
    method: RpcMethod<Request, Response>,
    fields: Partial<Request>,
    call: CallOptions & { readonly idempotent?: boolean } = {},
  ): Promise<Response> {
    const timeoutMs = call.timeoutMs ?? this.#options.callTimeoutMs;
    const deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + timeoutMs;
    const request = method.request.encode(method.request.create(fields));
    let previous: AttemptError | undefined;
    for (let attempt = 1; ; attempt++) {
      if (aborted(call.signal)) throw canceled();
      if (Date.now() >= deadline) throw deadlineExceeded(previous, previous?.endpoint);
      const connection = this.#next();
      try {
        const metadata = await this.#metadata(call, deadline);
        return await connection.unary(method, request, metadata, deadline, call.signal);
      } catch (error) {
        if (!(error instanceof AttemptError)) throw error;
        if (aborted(call.signal)) throw canceled();
        if (error.code === GrpcCode.DeadlineExceeded && Date.now() >= deadline) {
          throw deadlineExceeded(previous, error.endpoint);
        }
        if (this.#tokenRefused(error)) this.#token = undefined;
        else if (!mayRetry(error, call.idempotent === true, attempt)) throw error;
        previous = error;
        if (attempt % this.#connections.length === 0) await this.#pause(deadline, call.signal);
      }
    }
  }

  /**
   * Opens a stream in both directions to any endpoint. The caller opens another one when it breaks. @throws ClientError
   */
  async duplex<Request, Response>(
    method: RpcMethod<Request, Response>,
    call: CallOptions = {},
  ): Promise<ClientDuplexStream<Request, Response>> {
    const deadline = call.timeoutMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + call.timeoutMs;
    const metadata = await this.#metadata(call, deadline);
    return this.#next().duplex(method, metadata, deadline);
  }

  /** Opens a stream of answers from any endpoint. @throws ClientError */
  async serverStream<Request, Response>(
    method: RpcMethod<Request, Response>,
    fields: Partial<Request>,
    call: CallOptions = {},
  ): Promise<ClientReadableStream<Response>> {
    const deadline = call.timeoutMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + call.timeoutMs;
    const metadata = await this.#metadata(call, deadline);
    try {
      return await this.#next().serverStream(method, method.request.create(fields), metadata, deadline);
    } catch (error) {
      if (error instanceof AttemptError && Date.now() >= deadline) throw deadlineExceeded(error, error.endpoint);
      throw error;
    }
  }

  /** Fetches the token now instead of before the first call, so that a wrong password is noticed at once. */
  async authenticate(timeoutMs?: number): Promise<void> {
    const limit = timeoutMs ?? this.#options.dialTimeoutMs ?? 2_000;
    await this.#metadata({}, Date.now() + limit);
  }

  /** Drops the token when the error of a stream means that the server refused it. @returns whether it did */
  forgetRefusedToken(error: ClientError): boolean {
    const refused = this.#tokenRefused(error);
    if (refused) this.#token = undefined;
    return refused;
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#connections) connection.close();
  }

  #tokenRefused(error: ClientError): boolean {
    if (this.#options.auth === undefined) return false;
    return refusedTokens.includes(error.details) || (this.#bare && error.details === noToken);
  }

  /** Chooses the next endpoint in turn; connected endpoints are preferred. */
  #next(): Connection {
    const count = this.#connections.length;
    const start = this.#turn++;
    const ring = this.#connections.map((_, at) => this.#connections[(start + at) % count]);
    let best: Connection | undefined;
    for (const candidate of ring) {
      if (candidate !== undefined && (best === undefined || candidate.rank < best.rank)) best = candidate;
    }
    if (best === undefined || this.#closed) throw canceled();
    return best;
  }

  async #metadata(call: CallOptions, deadline: number): Promise<Metadata> {
    const metadata = new Metadata();
    if (call.requireLeader === true) metadata.set("hasleader", "true");
    if (this.#options.auth === undefined) return metadata;
    this.#token ??= this.#fetchToken(this.#options.auth, deadline);
    try {
      const token = await this.#token;
      this.#bare = token === "";
      if (token !== "") metadata.set("token", token);
    } catch (error) {
      this.#token = undefined;
      throw error;
    }
    return metadata;
  }

  /** Logs in. @returns the token; "" when authentication is disabled */
  async #fetchToken({ user, password }: { user: string; password: string }, deadline: number): Promise<string> {
    const { Authenticate } = services["etcdserverpb.Auth"];
    const request = Authenticate.request.encode(Authenticate.request.create({ name: user, password }));
    let previous: AttemptError | undefined;
    for (let attempt = 1; ; attempt++) {
      if (Date.now() >= deadline) throw deadlineExceeded(previous, previous?.endpoint);
      try {
        const response = await this.#next().unary(Authenticate, request, new Metadata(), deadline, undefined);
        return response.token;
      } catch (error) {
        if (!(error instanceof AttemptError)) throw error;
        if (error.details === "etcdserver: authentication is not enabled") return "";
        if (error.code === GrpcCode.DeadlineExceeded) throw deadlineExceeded(previous, error.endpoint);
        if (!mayRetry(error, true, attempt)) throw new ClientError(error.code, error.details);
        previous = error;
        if (attempt % this.#connections.length === 0) await this.#pause(deadline, undefined);
      }
    }
  }

  /** Waits before a retry, at most until the deadline or the abort of the caller's signal. */
  #pause(deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const ms = Math.min(backoffMs * (0.9 + Math.random() * 0.2), Math.max(0, deadline - Date.now()));
    return sleep(ms, undefined, { signal }).catch(() => undefined); // the caller checks its signal again
  }
}

/** Whether the call may be retried: the error is temporary, and the request may be sent again. */
function mayRetry(error: AttemptError, idempotent: boolean, attempt: number): boolean {
  if (error.notSent) return true;
  if (!idempotent || attempt >= attemptsMax) return false;
  return error.code === GrpcCode.Unavailable;
}

function aborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
