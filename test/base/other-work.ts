import { type Clock, systemClock } from "../../src/base/index.js";

/** A clock on which a millisecond passes from one look to the next, so that a turn lasts for a few looks. */
export function clockOfLooks(): Clock {
  let now = 0;
  return { ...systemClock, now: () => now++ };
}

/** How many turns of the event loop other work had while `work` was under way. */
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
