import { setTimeout as sleep } from "node:timers/promises";
import { type ClientDuplexStream, type ClientReadableStream, Metadata } from "@grpc/grpc-js";
import { GrpcCode } from "../base/index.js";
import { services } from "../wire/index.js";
import { ClientError, canceled, deadlineExceeded } from "./client-error.js";
import { AttemptError, Connection, type RpcMethod } from "./connection.js";
import type { CallOptions, ClientOptions } from "./options.js";

/** Attempts at one call before its last error is believed, as Go's client has it. */
const attemptsMax = 100;
/** Between two rounds of the endpoints; a tenth of it is left to chance, so that clients do not come back as one. */
const backoffMs = 25;

/** Said to whoever brings no token: what it got while authentication was off. */
const noToken = "etcdserver: user name is empty";
const refusedTokens = ["etcdserver: invalid auth token", "etcdserver: revision of auth store is old"];

/** Carries calls to whichever endpoint can take them, and tries again what may be tried again. */
export class Caller {
  readonly #options: ClientOptions;
  readonly #connections: readonly Connection[];
  #turn = 0;
  #token: Promise<string> | undefined;
  /** There was none to get when it was last asked for: authentication was off. */
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
   * One request, one answer. `idempotent` says that it may be sent twice: then a member that is unavailable is
   * followed by another. Without it, only a request that surely was not sent is tried again.
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

  /** A stream to any endpoint; who uses it opens another when it breaks. @throws ClientError */
  async duplex<Request, Response>(
    method: RpcMethod<Request, Response>,
    call: CallOptions = {},
  ): Promise<ClientDuplexStream<Request, Response>> {
    const deadline = call.timeoutMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + call.timeoutMs;
    const metadata = await this.#metadata(call, deadline);
    return this.#next().duplex(method, metadata, deadline);
  }

  /** A stream of answers from any endpoint. @throws ClientError */
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

  /** Fetches the token now rather than before the first call, so that a wrong password is noticed at once. */
  async authenticate(timeoutMs?: number): Promise<void> {
    const limit = timeoutMs ?? this.#options.dialTimeoutMs ?? 2_000;
    await this.#metadata({}, Date.now() + limit);
  }

  /** What a stream failed with means that the token should be renewed before the next. */
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

  /** Endpoints take turns; one that is connected goes before one that is not. */
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

  /** The token, or nothing where authentication is off. */
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

  /** Waits a little; less when the deadline or the caller's signal comes first. */
  #pause(deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const ms = Math.min(backoffMs * (0.9 + Math.random() * 0.2), Math.max(0, deadline - Date.now()));
    return sleep(ms, undefined, { signal }).catch(() => undefined); // the caller asks its signal again
  }
}

/** Whether the error is of a kind that passes, and the request of a kind that may be sent again. */
function mayRetry(error: AttemptError, idempotent: boolean, attempt: number): boolean {
  if (error.notSent) return true;
  if (!idempotent || attempt >= attemptsMax) return false;
  return error.code === GrpcCode.Unavailable;
}

function aborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
