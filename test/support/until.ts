import { vi } from "vitest";

/** Longer than a test may last: a condition that never holds fails with the line that waits for it. */
const patienceMs = 110_000;

/** Resolves when the condition holds, however slow the machine is. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  // Not expect.poll: it wants to know its test, and tests that run side by side have no current one.
  await vi.waitUntil(condition, { timeout: patienceMs, interval: 50 });
}

/** Looks at which a value must be the same, one after the other, before it counts as still. */
const sameLooks = 6;

/** Resolves when a number that has begun to grow grows no more. */
export async function untilStill(value: () => number): Promise<void> {
  let [before, same] = [0, 0];
  await until(() => {
    const now = value();
    same = now > 0 && now === before ? same + 1 : 0;
    before = now;
    return same === sameLooks;
  });
}
