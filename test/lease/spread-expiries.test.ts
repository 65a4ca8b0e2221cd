import { expect, test } from "vitest";
import { finish, unboundedWork } from "../../src/base/index.js";
import { leaseRevokesPerSecond } from "../../src/lease/index.js";
import { spreadExpiries } from "../../src/lease/spread-expiries.js";
import { id, openBench } from "./fixtures.js";

function delays(remaining: readonly number[], perSecond: number): number[] {
  return [...finish(spreadExpiries(Float64Array.from(remaining), perSecond, unboundedWork))].map(Math.round);
}

for (const { name, remaining, perSecond, want } of [
  {
    name: "does not delay leases that fit into a second",
    remaining: [5_000, 5_000, 5_900],
    perSecond: 3,
    want: [0, 0, 0],
  },
  {
    name: "delays leases in proportion if there are too many",
    remaining: [0, 0, 0, 0],
    perSecond: 2,
    want: [0, 0, 1_500, 2_000],
  },
  {
    name: "reduces the delay of leases that expire later anyway",
    remaining: [0, 500, 500],
    perSecond: 2,
    want: [0, 0, 1_000],
  },
  {
    name: "begins again after the delayed leases",
    remaining: [0, 0, 9_000, 9_000],
    perSecond: 1,
    want: [0, 2_000, 0, 2_000],
  },
  { name: "returns nothing without leases", remaining: [], perSecond: 1, want: [] },
] as const) {
  test(`spreadExpiries() ${name}`, () => expect(delays(remaining, perSecond)).toEqual(want));
}

test("promote() spreads many equal leases over seconds, and expires none of them early", async () => {
  const { lessor, clock } = await openBench();
  const count = 10 * leaseRevokesPerSecond;
  for (let lease = 1; lease <= count; lease++) lessor.grant(id(lease), 60);
  lessor.promote(1_000);
  clock.advance(60_999);
  expect(lessor.expired(count)).toEqual([]);
  const perSecond: number[] = [];
  for (let left = count; left > 0 && perSecond.length < 100; clock.advance(1_000)) {
    const expired = lessor.expired(count);
    for (const lease of expired) lessor.revoke(lease);
    perSecond.push(expired.length);
    left -= expired.length;
  }
  expect(Math.max(...perSecond)).toBeLessThanOrEqual(leaseRevokesPerSecond);
  expect(perSecond.length).toBeLessThan(20);
});
