import { expect, test } from "vitest";
import { ManualClock } from "../../../src/base/index.js";
import { Deadlines } from "../../../src/rpc/grpc/deadlines.js";

function waiting(): {
  readonly clock: ManualClock;
  readonly deadlines: Deadlines;
  readonly passed: string[];
  add: Add;
} {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const passed: string[] = [];
  const add: Add = (name, afterMs) => {
    const call = { expire: () => passed.push(`${name} ${clock.now()}`) };
    const slot = deadlines.add(call, afterMs);
    return () => deadlines.remove(call, slot);
  };
  return { clock, deadlines, passed, add };
}
type Add = (name: string, afterMs: number) => () => void;

test("deadlines expire in order, never early, and at most 20 ms late", () => {
  const { clock, passed, add } = waiting();
  clock.advance(3);
  for (const afterMs of [500, 20, 25, 3_000, 21]) add(String(afterMs), afterMs);
  for (let at = 0; at < 1_000; at++) clock.advance(4);
  expect(passed.map((line) => line.split(" ")[0])).toEqual(["20", "25", "21", "500", "3000"]);
  for (const line of passed) {
    const [afterMs, at] = line.split(" ").map(Number);
    expect((at ?? 0) - 3 - (afterMs ?? 0)).toBeGreaterThanOrEqual(0);
    expect((at ?? 0) - 3 - (afterMs ?? 0)).toBeLessThanOrEqual(20);
  }
});

test("a deadline does not expire after its call has ended", () => {
  const { clock, deadlines, passed, add } = waiting();
  const removes = Array.from({ length: 100 }, (_, at) => add(String(at), 10 + at));
  for (const remove of removes) remove();
  expect(deadlines.size).toBe(0);
  clock.advance(10_000);
  expect(passed).toEqual([]);
});

test("a near deadline that is added after a far one expires in time", () => {
  const { clock, deadlines, passed, add } = waiting();
  add("in 10,000 years", 99_999_999 * 3_600_000);
  add("soon", 50);
  clock.advance(100);
  expect(passed).toEqual(["soon 50"]);
  clock.advance(30 * 24 * 3_600_000);
  expect(deadlines.size).toBe(1);
  expect(passed.length).toBe(1);
});

test("a deadline that is added while another expires will expire too", () => {
  const { clock, deadlines, passed, add } = waiting();
  deadlines.add({ expire: () => void add("next", 5) }, 10);
  clock.advance(100);
  expect(passed.length).toBe(1);
  deadlines.stop();
});
