import type { Clock } from "../base/index.js";
import { type ClientError, canceled, deadlineExceeded } from "./client-error.js";
import { AttemptError } from "./transport.js";

/** The end of a call's time, and its signal; checked before each attempt and while the call waits. */
export class Deadline {
  readonly signal: AbortSignal | undefined;
  readonly #clock: Clock;
  readonly #at: number;

  /** @param timeoutMs undefined for no limit */
  constructor(clock: Clock, timeoutMs: number | undefined, signal: AbortSignal | undefined) {
    this.#clock = clock;
    this.signal = signal;
    this.#at = timeoutMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + timeoutMs;
  }

  /** Milliseconds that are left; Infinity without a limit. */
  get leftMs(): number {
    return Math.max(0, this.#at - this.#clock.now());
  }

  get passed(): boolean {
    return this.#clock.now() >= this.#at;
  }

  /** @throws ClientError when the signal was aborted or the time is over; `cause` is the last attempt's error */
  check(cause: ClientError | undefined): void {
    if (this.signal?.aborted === true) throw canceled();
    if (this.passed) throw exceeded(cause);
  }

  /** Waits for `work` until the deadline or the abort; the work itself goes on. @throws ClientError as `check` */
  limit<T>(work: Promise<T>, cause: () => ClientError | undefined = () => undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const abort = (): void => settle(() => reject(canceled()));
      const { leftMs } = this;
      const timer = Number.isFinite(leftMs)
        ? this.#clock.after(leftMs, () => settle(() => reject(exceeded(cause()))))
        : undefined;
      const settle = (then: () => void): void => {
        timer?.cancel();
        this.signal?.removeEventListener("abort", abort);
        then();
      };
      if (this.signal?.aborted === true) return abort();
      this.signal?.addEventListener("abort", abort, { once: true });
      work.then(
        (value) => settle(() => resolve(value)),
        (error) => settle(() => reject(error)),
      );
    });
  }
}

function exceeded(cause: ClientError | undefined): ClientError {
  return deadlineExceeded(cause, cause instanceof AttemptError ? cause.endpoint : undefined);
}
