import type { Steps, WorkBudget } from "../base/index.js";

const secondMs = 1000;

/**
 * By how many milliseconds to put off each of many expiries, so that not too many come in one second.
 *
 * A new primary starts all leases over, and those with equal times to live would run out together: they are spread
 * behind the first of their second, in proportion to how many stand before them.
 *
 * @param remainingMs until each expiry, ascending
 * @param perSecond how many may share a second
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
    // Who already lies n seconds behind the window's start needs n seconds less of delay.
    const delay = (secondMs * inWindow) / perSecond - (remaining - windowStart);
    windowEnd = windowStart + delay;
    delays[at] = delay;
  }
  return delays;
}
