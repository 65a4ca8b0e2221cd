import type { Clock } from "./clock.js";
import { EtcdError } from "./errors.js";

/** Resolves after `ms` milliseconds, or as soon as the signal fires: the caller asks the signal which it was. */
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
 * Waits for `work`, for `ms` milliseconds at most. The work itself goes on.
 *
 * @returns whether it was done in time
 * @throws whatever the work throws in time; what it throws later is dropped
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

/** Asks with a signal that aborts after `ms` milliseconds, its reason being the EtcdError `timeout`. */
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
