import { expect, test } from "vitest";
import { RecentUse } from "../../src/base/recent-use.js";

for (const { name, uses } of [
  { name: "at once", uses: [10_000] },
  { name: "bit by bit", uses: Array(1_000).fill(10) },
]) {
  test(`however much a client has used ${name}, two seconds later it counts as little`, () => {
    const use = new RecentUse();
    const client = {};
    for (const ms of uses) use.add(client, ms, 0);
    expect(use.isLittle(client, 1_000)).toBe(false);
    expect(use.isLittle(client, 2_000)).toBe(true);
  });
}

test("a client counts as little until it has used two milliseconds, and others do not count for it", () => {
  const use = new RecentUse();
  const [client, other] = [{}, {}];
  expect(use.isLittle(client, 0)).toBe(true);
  use.add(client, 1.5, 0);
  use.add(other, 10, 0);
  expect(use.isLittle(client, 0)).toBe(true);
  use.add(client, 1, 0);
  expect(use.isLittle(client, 0)).toBe(false);
});
