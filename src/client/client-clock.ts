import type { Clock } from "../base/index.js";

/**
 * The usual clock of a client. It never goes back, since leases and deadlines are judged by it. Its timers keep the
 * process running: a program that waits for a retry must not end.
 */
export const clientClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};
