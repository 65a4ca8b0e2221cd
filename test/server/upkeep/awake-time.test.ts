import { expect, test } from "vitest";
import { ManualClock } from "../../../src/base/index.js";
import { AwakeTime } from "../../../src/server/upkeep/awake-time.js";

function setUp() {
  const clock = new ManualClock();
  const time = new AwakeTime({ clock, tickMs: 100, electionTimeoutMs: 1_000 });
  const run = (ticks: number): void => {
    for (let tick = 0; tick < ticks; tick++) {
      clock.advance(100);
      time.tick();
    }
  };
  return { clock, time, run };
}

test("AwakeTime: follows the clock while there are ticks", () => {
  const { clock, time, run } = setUp();
  run(20);
  clock.advance(70);
  expect([time.now(), time.gaps]).toEqual([2_070, 0]);
});

test("AwakeTime: stops three ticks into a gap, whether or not a tick has ended the gap", () => {
  const { clock, time, run } = setUp();
  run(10);
  clock.advance(300);
  expect([time.now(), time.gaps]).toEqual([1_300, 0]);
  clock.advance(500);
  expect([time.now(), time.gaps]).toEqual([1_300, 1]);
  time.tick();
  expect([time.now(), time.gaps]).toEqual([1_300, 1]);
  run(2);
  expect([time.now(), time.gaps]).toEqual([1_500, 1]);
});

test("AwakeTime: stands still for one election timeout after a gap of one", () => {
  const { clock, time, run } = setUp();
  run(10);
  clock.advance(16_000);
  time.tick();
  run(10);
  expect([time.now(), time.gaps]).toEqual([1_300, 1]);
  run(3);
  expect(time.now()).toBe(1_600);
});

test("AwakeTime: a second gap stops it again", () => {
  const { clock, time, run } = setUp();
  for (let gap = 0; gap < 2; gap++) {
    clock.advance(400);
    time.tick();
    run(3);
  }
  expect(time.gaps).toBe(2);
});
