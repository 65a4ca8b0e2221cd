import { asError, type Clock, GrpcCode, pause } from "../base/index.js";
import { services } from "../wire/index.js";
import { clientClock } from "./client-clock.js";
import { ClientError, canceled, deadlineExceeded } from "./client-error.js";
import { Deadline } from "./deadline.js";
import type { CallOptions, CommonOptions, RetryOptions } from "./options.js";
import { listenerWithSpan, streamWithSpan } from "./traced-stream.js";
import type { CallSpan, CallTracer } from "./tracing.js";
import {
  AttemptError,
  type Link,
  type LinkCall,
  type LinkStream,
  type RpcMethod,
  type StreamListener,
  type Transport,
} from "./transport.js";

/** The usual rules for repetitions, those of Go's client. */
const usualRetry = { attemptsMax: 100, pauseMs: 25, reopenMs: 50, reopenMaxMs: 1_000 } as const;
/** Time limit of one attempt to log in; a server with many logins at once takes seconds for each password. */
const loginMs = 10_000;
/** Time limit of `authenticate` when the client has no dial timeout. */
const authenticateMs = 2_000;

/**
 * The server's error for a call without a token, which the client lacks when it logged in while authentication was
 * disabled.
 */
const noToken = "etcdserver: user name is empty";
const refusedTokens = ["etcdserver: invalid auth token", "etcdserver: revision of auth store is old"];

/** One attempt of a call at a link. @throws AttemptError */
type Attempt<T> = (link: Link, call: LinkCall) => Promise<T>;

/** Sends calls to an endpoint that can take them, and retries those that may be retried. */
export class Caller {
  readonly clock: Clock;
  readonly retry: Required<RetryOptions>;
  readonly #options: CommonOptions;
  readonly #links: readonly Link[];
  #turn = 0;
  #token: Promise<string> | undefined;
  /** The last login returned no token, since authentication was disabled. */
  #bare = false;
  #closed = false;

  /** Makes spans; undefined when there are none to make. */
  #tracer: CallTracer | undefined;
  /** Resolves when the tracer is loaded; undefined after that. */
  #tracerLoading: Promise<void> | undefined;

  constructor(transport: Transport, options: CommonOptions, tracer?: Promise<CallTracer | undefined>) {
    this.#options = options;
    this.#links = transport.links;
    this.clock = options.clock ?? clientClock;
    this.retry = { ...usualRetry, ...options.retry };
    this.#tracerLoading = tracer?.then((loaded) => {
      this.#tracer = loaded;
      this.#tracerLoading = undefined;
    });
  }

  get endpoints(): readonly string[] {
    return this.#links.map(({ endpoint }) => endpoint);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The deadline of a call that begins now. */
  deadlineOf(call: CallOptions): Deadline {
    return new Deadline(this.clock, call.timeoutMs ?? this.#options.callTimeoutMs, call.signal);
  }

  /**
   * Makes a unary call. An `idempotent` call may be sent twice, so it is retried at another member when one is
   * unavailable. Any other call is retried only when it surely was not sent.
   *
   * @throws ClientError
   */
  unary<Request, Response>(
    method: RpcMethod<Request, Response>,
    fields: Partial<Request>,
    call: CallOptions & { readonly idempotent?: boolean } = {},
  ): Promise<Response> {
    const request = method.request.create(fields);
    return this.attempts(method.path, call, call.idempotent === true, (link, linkCall) =>
      link.unary(method, request, linkCall),
    );
  }

  /** Repeats an attempt at other endpoints until it succeeds, its error is permanent, or the call's time is over. */
  async attempts<T>(path: string, call: CallOptions, idempotent: boolean, attempt: Attempt<T>): Promise<T> {
    if (this.#tracerLoading !== undefined) await this.#tracerLoading;
    const run = (span?: CallSpan): Promise<T> => this.#attempts(call, idempotent, attempt, span);
    return this.#tracer === undefined ? run() : this.#tracer.call(path, run);
  }

  async #attempts<T>(call: CallOptions, idempotent: boolean, attempt: Attempt<T>, span?: CallSpan): Promise<T> {
    const deadline = this.deadlineOf(call);
    let previous: AttemptError | undefined;
    for (let count = 1; ; count++) {
      deadline.check(previous);
      let loggedIn = false;
      try {
        const metadata = await this.#metadata(call, deadline, span);
        loggedIn = true;
        const link = this.#next(span);
        return await attempt(link, { metadata, timeoutMs: deadline.leftMs, signal: call.signal });
      } catch (error) {
        if (!(error instanceof AttemptError)) throw error;
        if (call.signal?.aborted === true) throw canceled();
        if (error.code === GrpcCode.DeadlineExceeded && deadline.passed) {
          throw deadlineExceeded(previous, error.endpoint);
        }
        if (!this.forgetRefusedToken(error) && !this.#mayRetry(error, idempotent || !loggedIn, count)) throw error;
        previous = error;
        if (count % this.#links.length === 0) await this.#backOff(deadline);
      }
    }
  }

  /**
   * Opens a stream to any endpoint. The listener hears of its end.
   *
   * @param ofClient whether the stream serves all of the client, and not the call that opens it
   * @throws ClientError when the login fails
   */
  async stream<Request, Response>(
    method: RpcMethod<Request, Response>,
    call: CallOptions,
    listener: StreamListener<Response>,
    ofClient: boolean,
  ): Promise<LinkStream<Request>> {
    if (this.#tracerLoading !== undefined) await this.#tracerLoading;
    const span = this.#tracer?.stream(method.path, ofClient);
    const deadline = new Deadline(this.clock, call.timeoutMs, call.signal);
    try {
      const metadata = await this.#metadata(call, deadline, span);
      const link = this.#next(span);
      const linkCall = { metadata, timeoutMs: deadline.leftMs, signal: call.signal };
      if (span === undefined) return link.stream(method, linkCall, listener);
      return streamWithSpan(span, link.stream(method, linkCall, listenerWithSpan(span, listener)));
    } catch (error) {
      span?.end(asError(error));
      throw error;
    }
  }

  /** Fetches the token now instead of before the first call, so that a wrong password is noticed at once. */
  async authenticate(timeoutMs?: number): Promise<void> {
    const limit = timeoutMs ?? this.#options.dialTimeoutMs ?? authenticateMs;
    await this.#attempts({ timeoutMs: limit }, true, async () => undefined);
  }

  /** Drops the token when the error means that the server refused it. @returns whether it did */
  forgetRefusedToken(error: ClientError): boolean {
    if (this.#options.auth === undefined) return false;
    const refused = refusedTokens.includes(error.details) || (this.#bare && error.details === noToken);
    if (refused) this.#token = undefined;
    return refused;
  }

  close(): void {
    this.#closed = true;
    for (const link of this.#links) link.close();
  }

  /** Chooses the next endpoint in turn; connected endpoints are preferred. */
  #next(span?: CallSpan): Link {
    const count = this.#links.length;
    const start = this.#turn++;
    const ring = this.#links.map((_, at) => this.#links[(start + at) % count]);
    let best: Link | undefined;
    for (const candidate of ring) {
      if (candidate !== undefined && (best === undefined || rankOf(candidate) < rankOf(best))) best = candidate;
    }
    if (best === undefined || this.#closed) throw canceled();
    span?.to(best.endpoint);
    return best;
  }

  async #metadata(call: CallOptions, deadline: Deadline, span?: CallSpan): Promise<Readonly<Record<string, string>>> {
    const plain = { ...span?.metadata, ...(call.requireLeader === true && { hasleader: "true" }) };
    const given = this.#options.token;
    if (given !== undefined) return { ...plain, token: given };
    if (this.#options.auth === undefined) return plain;
    if (this.#token === undefined) {
      const login = this.#logIn(this.#options.auth);
      this.#token = login;
      login.catch(() => {
        if (this.#token === login) this.#token = undefined;
      });
    }
    // All calls share the login, and each waits for it no longer than its own deadline.
    const token = await deadline.limit(this.#token);
    return token === "" ? plain : { ...plain, token };
  }

  /** Tries to log in at one endpoint. @returns the token; "" when authentication is disabled */
  async #logIn({ user, password }: { user: string; password: string }): Promise<string> {
    const { Authenticate } = services["etcdserverpb.Auth"];
    const request = Authenticate.request.create({ name: user, password });
    try {
      const { token } = await this.#next().unary(Authenticate, request, { metadata: {}, timeoutMs: loginMs });
      this.#bare = false;
      return token;
    } catch (error) {
      if (!(error instanceof AttemptError)) throw error;
      if (error.details === "etcdserver: authentication is not enabled") {
        this.#bare = true;
        return "";
      }
      if (error.code === GrpcCode.DeadlineExceeded) {
        throw new AttemptError(
          GrpcCode.Unavailable,
          `no answer to the login in ${loginMs} ms`,
          error.endpoint ?? "",
          false,
        );
      }
      if (error.code === GrpcCode.Unavailable) throw error;
      throw new ClientError(error.code, error.details);
    }
  }

  /** Whether the call may be repeated: the error is temporary, and the request may be sent again. */
  #mayRetry(error: AttemptError, idempotent: boolean, attempt: number): boolean {
    if (error.notSent) return true;
    if (!idempotent || attempt >= this.retry.attemptsMax) return false;
    return error.code === GrpcCode.Unavailable;
  }

  /** Waits before a retry, at most until the deadline or the abort of the caller's signal. */
  #backOff(deadline: Deadline): Promise<void> {
    return pause(
      this.clock,
      Math.min(this.retry.pauseMs * (0.9 + Math.random() * 0.2), deadline.leftMs),
      deadline.signal,
    );
  }
}

const ranks = { connected: 0, unknown: 1, failed: 2 } as const;

function rankOf(link: Link): number {
  return ranks[link.state];
}
