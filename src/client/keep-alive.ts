import type { ClientDuplexStream } from "@grpc/grpc-js";
import { GrpcCode } from "../base/index.js";
import { type LeaseKeepAliveRequest, type LeaseKeepAliveResponse, services } from "../wire/index.js";
import { AsyncQueue } from "./async-queue.js";
import type { Caller } from "./caller.js";
import { ClientError } from "./client-error.js";
import { AttemptError, attemptError } from "./connection.js";
import type { CallOptions } from "./options.js";

type KeepAliveCall = ClientDuplexStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse>;

const { LeaseKeepAlive } = services["etcdserverpb.Lease"];
const lookEveryMs = 500;
/** The most unread renewals that are kept. */
const unreadMax = 16;
/** How long a lease counts as alive before the first answer tells its time to live. */
const firstAnswerMs = 6_000;

/**
 * Renews one lease for as long as it lives. It is an iterable of the server's answers, which ends when the lease is
 * gone: revoked, expired, or not renewed for longer than its time to live.
 */
export class KeepAlive implements AsyncIterable<LeaseKeepAliveResponse>, AsyncDisposable {
  readonly id: bigint;
  readonly #answers = new AsyncQueue<LeaseKeepAliveResponse>();
  readonly #stop: (keeper: KeepAlive) => void;
  #ended: () => void = () => undefined;
  /** Resolves when the lease is no longer kept alive. */
  readonly ended: Promise<void>;
  dueAt = 0;
  lostAt: number;

  /** Created by `Client.keepAlive`. */
  constructor(id: bigint, stop: (keeper: KeepAlive) => void) {
    this.id = id;
    this.#stop = stop;
    this.lostAt = Date.now() + firstAnswerMs;
    this.ended = new Promise((resolve) => {
      this.#ended = resolve;
    });
  }

  /** Stops renewing; the lease lives on for its time to live. */
  cancel(): void {
    this.#stop(this);
    this.#answers.end();
    this.#ended();
  }

  [Symbol.asyncIterator](): AsyncIterator<LeaseKeepAliveResponse, undefined> {
    return this.#answers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
  }

  renewed(answer: LeaseKeepAliveResponse): void {
    this.dueAt = Date.now() + (answer.ttl * 1_000) / 3;
    this.lostAt = Date.now() + answer.ttl * 1_000;
    if (this.#answers.length < unreadMax) this.#answers.push(answer);
  }

  fail(error: ClientError): void {
    this.#answers.end(error);
    this.#ended();
  }
}

/** All leases that a client keeps alive, with one stream and one timer. */
export class KeepAliveHub {
  readonly #caller: Caller;
  readonly #keepers = new Set<KeepAlive>();
  #stream: KeepAliveCall | undefined;
  #opening = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  keep(id: bigint): KeepAlive {
    const keeper = new KeepAlive(id, (gone) => this.#remove(gone));
    this.#keepers.add(keeper);
    this.#timer ??= setInterval(() => this.#look(), lookEveryMs);
    this.#look();
    return keeper;
  }

  end(): void {
    for (const keeper of [...this.#keepers]) keeper.cancel();
  }

  /** Sends the due renewals; gives up leases that have not been renewed for their time to live. */
  #look(): void {
    const now = Date.now();
    for (const keeper of [...this.#keepers]) if (now >= keeper.lostAt) keeper.cancel();
    if (this.#keepers.size === 0) return;
    if (this.#stream === undefined) {
      void this.#open();
      return;
    }
    for (const keeper of this.#keepers) {
      if (now < keeper.dueAt) continue;
      keeper.dueAt = now + lookEveryMs; // the answer sets the exact time
      this.#stream.write({ id: keeper.id });
    }
  }

  async #open(): Promise<void> {
    if (this.#opening || this.#caller.closed) return;
    this.#opening = true;
    try {
      const stream = await this.#caller.duplex(LeaseKeepAlive);
      this.#stream = stream;
      stream.on("data", (answer: LeaseKeepAliveResponse) => this.#received(answer));
      stream.on("error", (error) => this.#lost(stream, attemptError(error, "")));
      stream.on("end", () => this.#lost(stream, new ClientError(GrpcCode.Unavailable, "the stream ended")));
      if (this.#keepers.size === 0) this.#close();
      else this.#look();
    } catch (error) {
      if (error instanceof ClientError) this.#lost(undefined, error);
    } finally {
      this.#opening = false;
    }
  }

  #received(answer: LeaseKeepAliveResponse): void {
    for (const keeper of [...this.#keepers]) {
      if (keeper.id !== answer.id) continue;
      if (answer.ttl > 0) keeper.renewed(answer);
      else keeper.cancel();
    }
  }

  /** Handles a lost stream: the timer opens another one, unless the error is permanent. */
  #lost(stream: KeepAliveCall | undefined, error: ClientError): void {
    if (stream !== this.#stream) return;
    this.#stream = undefined;
    if (this.#caller.forgetRefusedToken(error)) return;
    if (error.code === GrpcCode.Unavailable || error.code === GrpcCode.Internal) return;
    for (const keeper of [...this.#keepers]) {
      this.#remove(keeper);
      keeper.fail(error);
    }
  }

  #remove(keeper: KeepAlive): void {
    this.#keepers.delete(keeper);
    if (this.#keepers.size === 0) this.#close();
  }

  #close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.cancel();
  }
}

/** Renews a lease once. @throws ClientError `etcdserver: requested lease not found` when there is no such lease */
export async function keepAliveOnce(caller: Caller, id: bigint, call: CallOptions): Promise<LeaseKeepAliveResponse> {
  const until = call.timeoutMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + call.timeoutMs;
  for (;;) {
    try {
      const answer = await renewal(await caller.duplex(LeaseKeepAlive, call), id, until);
      if (answer.ttl > 0) return answer;
      throw new ClientError(GrpcCode.NotFound, "etcdserver: requested lease not found");
    } catch (error) {
      if (!(error instanceof AttemptError)) throw error;
      const passes = error.code === GrpcCode.Unavailable || error.code === GrpcCode.Internal;
      if (!passes && !caller.forgetRefusedToken(error)) throw error;
      if (Date.now() >= until)
        throw new ClientError(GrpcCode.DeadlineExceeded, "context deadline exceeded", { cause: error });
    }
  }
}

function renewal(stream: KeepAliveCall, id: bigint, until: number): Promise<LeaseKeepAliveResponse> {
  return new Promise((resolve, reject) => {
    const timer = Number.isFinite(until) ? setTimeout(() => stream.cancel(), until - Date.now()) : undefined;
    stream.once("data", (answer: LeaseKeepAliveResponse) => {
      clearTimeout(timer);
      resolve(answer);
      stream.cancel();
    });
    stream.on("error", (error) => {
      clearTimeout(timer);
      reject(attemptError(error, ""));
    });
    stream.write({ id });
  });
}
