import type { Steps, WorkBudget } from "../base/index.js";

const secondMs = 1000;

/**
 * Computes by how many milliseconds to delay each of many expiries, so that not too many fall into one second.
 *
 * A new primary restarts all leases, and those with equal times to live would run out together. They are spread over
 * the time after the first of their second, in proportion to their place.
 *
 * @param remainingMs time until each expiry, ascending
 * @param perSecond the most expiries in one second
 */
export function* spreadExpiries(remainingMs: Float64Array, perSecond: number, budget: WorkBudget): Steps<Float64Array> {
  const delays = new Float64Array(remainingMs.length);
  let windowStart = remainingMs[0] ?? 0;
  let windowEnd = windowStart + secondMs;
  let inWindow = 0;
  for (const [at, remaining] of remainingMs.entries()) {
    if (budget.over(0)) yield;
    if (remaining > windowEnd) {
      windowStart = remaining;
      windowEnd = windowStart + secondMs;
      inWindow = 1;
      continue;
    }
    inWindow += 1;
    if (inWindow <= perSecond) continue;
    // A lease that expires n seconds after the window's start needs n seconds less of delay.
    const delay = (secondMs * inWindow) / perSecond - (remaining - windowStart);
    windowEnd = windowStart + delay;
    delays[at] = delay;
  }
  return delays;
}
