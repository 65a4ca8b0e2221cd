import { describe, expect, test } from "vitest";
import { Histogram, ManualClock } from "../../../src/base/index.js";
import { percentileSince, stateOf } from "../../../src/server/console/percentile.js";
import { Statistics, withoutData } from "../../../src/server/console/statistics.js";
import { StatisticsRing } from "../../../src/server/console/statistics-ring.js";
import { ServerCounters } from "../../../src/server/counters.js";
import type { ServerMetrics } from "../../../src/server/index.js";

/** Runs what the clock has started; nothing in these tests reads files. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("the ring", () => {
  test("keeps the newest steps, the oldest first", () => {
    const ring = new StatisticsRing(3, 2);
    expect(ring.last(0, 10)).toEqual([]);
    for (const step of [1, 2, 3, 4]) ring.add([step, -step]);
    expect(ring.length).toBe(3);
    expect(ring.last(0, 10)).toEqual([2, 3, 4]);
    expect(ring.last(1, 2)).toEqual([-3, -4]);
  });
});

describe("a percentile", () => {
  const histogram = new Histogram([1, 2, 4]);

  test("is undefined without observations", () => {
    expect(percentileSince(histogram, undefined, 0.99)).toBe(undefined);
  });

  test("is interpolated within its bucket, over what came since", () => {
    for (let at = 0; at < 100; at++) histogram.observe(0.5);
    const before = stateOf(histogram);
    for (let at = 0; at < 100; at++) histogram.observe(3);
    expect(percentileSince(histogram, before, 0.5)).toBe(3);
    expect(percentileSince(histogram, before, 0.99)).toBeCloseTo(3.98);
    expect(percentileSince(histogram, undefined, 0.5)).toBe(1);
  });

  test("of observations above all bounds is the last bound", () => {
    const large = new Histogram([1, 2]);
    large.observe(100);
    expect(percentileSince(large, undefined, 0.99)).toBe(2);
  });
});

describe("statistics", () => {
  const counters = new ServerCounters();
  const metrics = { counters, proposalsPending: 2, revision: 7, keys: 5, dbBytes: 100 } as ServerMetrics;

  test("are rates and sizes, one value for each 5 s, as far back as asked", async () => {
    const clock = new ManualClock();
    let counted = 0;
    const statistics = new Statistics({
      ...{ clock, metrics: () => metrics, loopLoad: () => 0.25 },
      countNow: () => void counted++,
    });
    statistics.start();
    for (const puts of [10, 0, 5]) {
      counters.puts += puts;
      counters.store.eventsSent += 2 * puts;
      if (puts > 0) counters.countRequest("Put", true, 0.0015);
      clock.advance(5_000);
      await nextTurn();
    }
    expect(counted).toBe(3);
    const answer = statistics.since(0);
    const values = Object.fromEntries(answer.series.map(({ name, values }) => [name, values]));
    expect(values).toEqual({
      ...{ puts: [2, 0, 1], ranges: [0, 0, 0], txns: [0, 0, 0], watchEvents: [4, 0, 2] },
      putP99: [expect.closeTo(1.99), -1, expect.closeTo(1.99)],
      ...{ fsyncP99: [-1, -1, -1], loopLoad: [0.25, 0.25, 0.25], proposalsPending: [2, 2, 2] },
      ...{ revision: [7, 7, 7], keys: [5, 5, 5], dbSize: [100, 100, 100] },
    });
    expect([answer.stepSeconds, answer.start]).toEqual([5, clock.wallTime() / 1_000 - 10]);
    expect(statistics.since(10).series[0]?.values).toEqual([0, 1]);
    expect(withoutData(answer).series.map(({ name }) => name)).not.toContain("keys");
    statistics.stop();
    clock.advance(60_000);
    await nextTurn();
    expect(counted).toBe(3);
  });
});
