import type { Clock } from "./clock.js";
import { EtcdError } from "./errors.js";

/** Resolves after `ms` milliseconds, or as soon as the signal aborts; the caller can tell from the signal. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = clock.after(ms, end);
    signal?.addEventListener("abort", end);
  });
}

/**
 * Waits for `work`, for at most `ms` milliseconds. The work itself goes on.
 *
 * @returns whether it was done in time
 * @throws any error of the work in time; later errors are dropped
 */
export function doneWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve(false));
    work
      .finally(() => timer.cancel())
      .then(() => resolve(true))
      .catch(reject);
  });
}

/** Calls `ask` with a signal that aborts after `ms` milliseconds with the EtcdError `timeout`. */
export async function withTimeout<Answer>(
  clock: Clock,
  ms: number,
  ask: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const timeout = new AbortController();
  const timer = clock.after(ms, () => timeout.abort(new EtcdError("timeout")));
  try {
    return await ask(timeout.signal);
  } finally {
    timer.cancel();
  }
}
