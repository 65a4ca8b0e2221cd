import { describe, expect, test } from "vitest";
import type { MemberState } from "../../src/console/api/console.js";
import { leaderOf } from "../../src/console/state/members.js";
import { areaPath, indexAt, linePath, roundTop, timeMarks } from "../../src/console/ui/chart-scale.js";
import { adviceOn } from "../../src/console/views/cluster/advice.js";
import { chartsOf, stretched } from "../../src/console/views/cluster/charts.js";

const member = (id: string, more: Partial<MemberState> = {}): MemberState => ({
  ...{
    id,
    name: `m${id}`,
    peerURLs: [],
    clientURLs: [`http://m${id}:2379`],
    isLearner: false,
    reached: true,
    error: "",
  },
  ...{ version: "3.7.0", leader: "1", term: 5, raftIndex: 10, appliedIndex: 10, lag: 0, dbSize: 100, dbSizeInUse: 90 },
  ...{ startedSecondsAgo: 60, alarms: [], health: "ok" },
  ...more,
});
const titles = (members: readonly MemberState[]): string[] => adviceOn(members).map(({ title }) => title);

describe("the leader", () => {
  test("is the one that members name in the newest term", () => {
    expect(leaderOf([member("1", { term: 4 }), member("2", { leader: "2", term: 5 })])?.id).toBe("2");
  });

  test("is unknown while those in the newest term know none, or those who know it cannot be reached", () => {
    expect(leaderOf([member("1", { term: 4 }), member("2", { leader: "0", term: 5 })])).toBeUndefined();
    expect(leaderOf([member("1", { reached: false })])).toBeUndefined();
  });
});

describe("what needs a person", () => {
  for (const { name, members, want } of [
    { name: "is nothing in a healthy cluster", members: [member("1"), member("2"), member("3")], want: [] },
    {
      name: "is a member that does not answer",
      members: [member("1"), member("2"), member("3", { reached: false })],
      want: ["m3 cannot be reached"],
    },
    {
      name: "is a lost majority, before all else",
      members: [member("1"), member("2", { reached: false }), member("3", { reached: false })],
      want: ["Only 1 of 3 voting members can be reached", "m2 cannot be reached", "m3 cannot be reached"],
    },
    {
      name: "is a missing leader",
      members: [member("1", { leader: "0" }), member("2", { leader: "0" }), member("3", { leader: "0" })],
      want: ["The cluster has no leader"],
    },
    {
      name: "is an alarm, before a slow member",
      members: [member("1", { lag: 100_000 }), member("2", { alarms: ["NOSPACE"] })],
      want: ["m2 has no space left: the cluster refuses writes", "m1 is 100,000 entries behind the leader"],
    },
    {
      name: "is much free space in a database",
      members: [member("1", { dbSize: 1024 ** 3, dbSizeInUse: 1024 ** 2 })],
      want: ["m1 holds 1023 MiB of free space in its database"],
    },
    {
      name: "is not a learner without a vote, when majorities are counted",
      members: [member("1"), member("2", { isLearner: true, reached: false })],
      want: ["m2 cannot be reached"],
    },
  ]) {
    test(name, () => expect(titles(members)).toEqual(want));
  }

  test("names the alarm, so that it can be disarmed at its member", () => {
    expect(adviceOn([member("1", { alarms: ["CORRUPT"] })])[0]?.alarm).toEqual({ name: "CORRUPT", memberId: "1" });
  });
});

describe("charts", () => {
  const scale = { width: 100, height: 10, top: 10, count: 5 };

  test("have a gap where there is no value", () => {
    expect(linePath([0, 10, -1, 5, 5], scale)).toBe("M0.0 10.0L25.0 0.0M75.0 5.0L100.0 5.0");
    expect(areaPath([-1, -1, -1, 5, 5], scale)).toBe("M75.0 5.0L100.0 5.0L100.0 10L75.0 10Z");
  });

  for (const { value, top } of [
    { value: 0, top: 1 },
    { value: 1, top: 1 },
    { value: 1.1, top: 2 },
    { value: 23, top: 25 },
    { value: 700, top: 1_000 },
    { value: 0.03, top: 0.05 },
  ]) {
    test(`end at ${top} for values up to ${value}`, () => expect(roundTop(value)).toBeCloseTo(top));
  }

  test("tell which value the pointer is at", () => {
    expect([-5, 0, 13, 99, 300].map((x) => indexAt(x, scale))).toEqual([0, 0, 1, 4, 4]);
  });

  test("mark the round times", () => {
    expect(timeMarks(290_000, 5_000, 60, 300_000)).toEqual([2]);
  });

  test("have series of one kind together, and one more for what the page does not know", () => {
    const series = ["ranges", "txns", "dbSize", "revision", "other"].map((name) => ({ name, unit: "", values: [1] }));
    expect(chartsOf(series).map(({ title, series: drawn }) => [title, drawn.length])).toEqual([
      ["Reads and transactions per second", 2],
      ["Database", 1],
      ["other", 1],
    ]);
  });

  test("begin as early as they always do, also for a member that has just started", () => {
    const told = { stepSeconds: 5, start: 1_000, series: [{ name: "puts", unit: "1/s", values: [7, 8] }] };
    expect(stretched(told, 20)).toEqual({
      stepSeconds: 5,
      start: 990,
      series: [{ name: "puts", unit: "1/s", values: [-1, -1, 7, 8] }],
    });
  });
});
