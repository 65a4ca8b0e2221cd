import { expect, test } from "vitest";
import { ManualClock } from "../../../src/base/index.js";
import { LogPosition } from "../../../src/server/log/log-position.js";
import { outcome, turns } from "../member.js";

test("what is committed on another event loop is waited for, before this one has heard of it", async () => {
  const clock = new ManualClock();
  const position = new LogPosition(5, 1, () => Promise.resolve(7));
  let applied = false;
  const waiting = position.allApplied(clock).then(() => {
    applied = true;
  });
  await turns(2);
  expect([position.committed, applied]).toEqual([5, false]);
  position.commitTo(7);
  position.applyTo(6, 1);
  await turns(2);
  expect(applied).toBe(false);
  position.applyTo(7, 1);
  await waiting;
});

test("a state that lags behind the log for a second is a refusal", async () => {
  for (const commitIndex of [() => 7, () => Promise.resolve(7)]) {
    const clock = new ManualClock();
    const position = new LogPosition(5, 1, commitIndex);
    const waiting = outcome(position.allApplied(clock));
    await turns(2);
    clock.advance(1_000);
    expect(await waiting).toBe("timeoutWaitApplied");
  }
});
