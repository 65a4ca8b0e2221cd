import type { LeaseKeepAliveResponse } from "../wire/index.js";
import { AsyncQueue } from "./async-queue.js";
import type { ClientError } from "./client-error.js";

/** The most unread renewals that are kept. */
const unreadMax = 16;
/** How long a lease counts as alive before the first answer tells its time to live, when nobody has told it. */
const firstAnswerMs = 6_000;
/**
 * Renews one lease for as long as it lives. It is an iterable of the server's answers, which ends when the lease is
 * gone: revoked, expired, or not renewed for longer than its time to live. That time is counted on a clock that never
 * goes back, from when the renewal was sent: the client never believes in a lease that its server has ended already.
 */
export class KeepAlive implements AsyncIterable<LeaseKeepAliveResponse>, AsyncDisposable {
  readonly id: bigint;
  readonly #answers = new AsyncQueue<LeaseKeepAliveResponse>();
  readonly #stop: (keeper: KeepAlive) => void;
  #lostAt: number;
  #end: () => void = () => undefined;
  /** Resolves when the lease is no longer kept alive. */
  readonly ended: Promise<void>;

  /**
   * Created by `Client.keepAlive`.
   *
   * @param now milliseconds on the client's clock
   * @param lostAt when the lease ends unless it is renewed, on the same clock; undefined when that is not known
   */
  constructor(id: bigint, now: number, lostAt: number | undefined, stop: (keeper: KeepAlive) => void) {
    this.id = id;
    this.#stop = stop;
    this.#lostAt = lostAt ?? now + firstAnswerMs;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Stops renewing; the lease lives on for its time to live. */
  cancel(): void {
    this.#stop(this);
    this.#answers.end();
    this.#end();
  }

  [Symbol.asyncIterator](): AsyncIterator<LeaseKeepAliveResponse, undefined> {
    return this.#answers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
  }

  /** When the lease ends unless it is renewed, in milliseconds on the client's clock. */
  get lostAt(): number {
    return this.#lostAt;
  }

  renewed(answer: LeaseKeepAliveResponse, lostAt: number): void {
    this.#lostAt = lostAt;
    if (this.#answers.length < unreadMax) this.#answers.push(answer);
  }

  fail(error: ClientError): void {
    this.#answers.end(error);
    this.#end();
  }
}
