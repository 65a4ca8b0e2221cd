import { vi } from "vitest";

/** The maximum wait in ms. A condition that never holds fails at the line that waits for it. */
const patienceMs = 110_000;

/** Resolves when the condition holds, on a slow machine as well. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  // expect.poll cannot be used, since it needs the current test, which concurrent tests do not have.
  await vi.waitUntil(condition, { timeout: patienceMs, interval: 50 });
}

/** The number of successive checks at which a value must be the same to count as still. */
const sameLooks = 6;

/** Resolves when a number that grows no longer grows. */
export async function untilStill(value: () => number): Promise<void> {
  let [before, same] = [0, 0];
  await until(() => {
    const now = value();
    same = now > 0 && now === before ? same + 1 : 0;
    before = now;
    return same === sameLooks;
  });
}
