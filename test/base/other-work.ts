import { type Clock, systemClock } from "../../src/base/index.js";

/** A clock that advances by a millisecond at each call, so that a turn lasts for a few calls. */
export function clockOfLooks(): Clock {
  let now = 0;
  return { ...systemClock, now: () => now++ };
}

/** The number of turns of the event loop that other work had during `work`. */
export async function turnsOfOthers(work: () => Promise<unknown>): Promise<number> {
  let others = 0;
  let done = false;
  const another = (): void => {
    if (done) return;
    others++;
    setImmediate(another);
  };
  setImmediate(another);
  await work();
  done = true;
  return others;
}
