import { asError, assert, GrpcCode, type Timer } from "../base/index.js";
import type { Caller } from "./caller.js";
import { ClientError } from "./client-error.js";
import type { CallOptions } from "./options.js";
import type { LinkStream, RpcMethod, StreamListener } from "./transport.js";

/** How often in a row a stream is opened with a new token, before the server's refusal counts. */
const refusalsMax = 3;

/** The user of a standing stream. */
export interface StreamUser<Response> {
  /** A stream is open, a new one each time: whatever the last one was asked for has to be asked again. */
  opened(): void;
  message(response: Response): void;
  /** The stream cannot be opened, and another attempt would not help. */
  failed(error: ClientError): void;
}

type State<Request> =
  | { readonly kind: "closed" }
  /** The login is under way. */
  | { readonly kind: "opening" }
  | { readonly kind: "open"; readonly stream: LinkStream<Request> }
  /** The last stream was lost; the next is opened when the timer fires, and not before. */
  | { readonly kind: "waiting"; readonly timer: Timer };

/**
 * One stream that is opened again whenever it is lost, at most one at a time. Watches and the renewals of leases use
 * it, so that the rules for lost streams, pauses and refused tokens stand here alone.
 */
export class StandingStream<Request, Response> {
  readonly #caller: Caller;
  readonly #method: RpcMethod<Request, Response>;
  readonly #call: CallOptions;
  readonly #user: StreamUser<Response>;
  #state: State<Request> = { kind: "closed" };
  /** The stream that counts; an earlier one, or one that was closed while it was opened, is not heard. */
  #attempt: symbol | undefined;
  /** Losses since the last message. */
  #losses = 0;
  /** Refused tokens since the last message that was not itself a refusal. */
  #refusals = 0;
  #lastError: ClientError | undefined;

  constructor(caller: Caller, method: RpcMethod<Request, Response>, call: CallOptions, user: StreamUser<Response>) {
    this.#caller = caller;
    this.#method = method;
    this.#call = call;
    this.#user = user;
  }

  /** The error that ended the last stream; undefined while the stream works. */
  get lastError(): ClientError | undefined {
    return this.#lastError;
  }

  /** Opens the stream unless it is open, or will be. */
  open(): void {
    if (this.#state.kind === "closed" && !this.#caller.closed) void this.#open();
  }

  /** Sends a request, if the stream is open. @returns whether it is */
  send(request: Request): boolean {
    if (this.#state.kind !== "open") return false;
    this.#state.stream.send(request);
    return true;
  }

  /** The server answered as it should. */
  works(): void {
    this.#losses = 0;
    this.#refusals = 0;
    this.#lastError = undefined;
  }

  /**
   * Handles an error that the server sent in a message: the stream is opened again with a new token if the error says
   * that the token was refused.
   *
   * @returns whether that is so; otherwise nothing happens
   */
  refused(error: ClientError): boolean {
    if (this.#state.kind !== "open" || !this.#renewToken(error)) return false;
    this.#state.stream.cancel();
    this.#reopenLater(error);
    return true;
  }

  close(): void {
    const state = this.#state;
    this.#attempt = undefined;
    this.#state = { kind: "closed" };
    if (state.kind === "open") state.stream.cancel();
    if (state.kind === "waiting") state.timer.cancel();
    this.works();
  }

  async #open(): Promise<void> {
    const attempt = Symbol("attempt");
    this.#attempt = attempt;
    this.#state = { kind: "opening" };
    const current = (): boolean => this.#attempt === attempt;
    try {
      const listener: StreamListener<Response> = {
        message: (response) => current() && this.#user.message(response),
        closed: (error) => current() && this.#lost(error ?? new ClientError(GrpcCode.Unavailable, "the stream ended")),
      };
      const stream = await this.#caller.stream(this.#method, this.#call, listener, true);
      if (!current()) return stream.cancel();
      this.#state = { kind: "open", stream };
    } catch (error) {
      if (!current()) return;
      const known = error instanceof ClientError;
      return this.#lost(known ? error : new ClientError(GrpcCode.Unknown, asError(error).message, { cause: error }));
    }
    this.#user.opened();
  }

  /** Opens another stream after a pause, unless the error is permanent. */
  #lost(error: ClientError): void {
    const leaderLost = error.details === "etcdserver: no leader";
    const passes = (error.code === GrpcCode.Unavailable || error.code === GrpcCode.Internal) && !leaderLost;
    if (this.#renewToken(error) || passes) {
      this.#reopenLater(error);
      return;
    }
    this.#attempt = undefined;
    this.#state = { kind: "closed" };
    this.#losses = 0;
    this.#user.failed(error);
  }

  #renewToken(error: ClientError): boolean {
    if (!this.#caller.forgetRefusedToken(error)) return false;
    this.#refusals++;
    return this.#refusals <= refusalsMax;
  }

  #reopenLater(error: ClientError): void {
    assert(this.#state.kind !== "waiting", "a lost stream is opened again once");
    this.#attempt = undefined;
    this.#lastError = error;
    // Each endpoint is tried once before the pause grows.
    const rounds = Math.floor(this.#losses / this.#caller.endpoints.length);
    this.#losses++;
    const { reopenMs, reopenMaxMs } = this.#caller.retry;
    const ms = Math.min(reopenMs * 2 ** Math.min(rounds, 10), reopenMaxMs);
    const timer = this.#caller.clock.after(ms * (0.9 + Math.random() * 0.1), () => void this.#open());
    this.#state = { kind: "waiting", timer };
  }
}
