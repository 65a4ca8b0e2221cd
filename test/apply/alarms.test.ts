import { expect, test } from "vitest";
import { AlarmAction, type AlarmRequest, AlarmType, type InternalRaftRequest } from "../../src/wire/index.js";
import { type Bench, del, openBench, put, range, txn } from "./fixtures.js";

const { GET, ACTIVATE, DEACTIVATE } = AlarmAction;
const { NONE, NOSPACE, CORRUPT } = AlarmType;

function ask({ mustApply }: Bench, action: AlarmAction, memberId: bigint, alarm: AlarmType): string[] {
  const request: AlarmRequest = { action, memberId, alarm };
  const { response } = mustApply({ alarm: request });
  if (response?.case !== "alarm") throw new Error("an alarm request is answered with alarms");
  return response.value.alarms.map((each) => `${each.memberId} ${each.alarm}`);
}

test("alarms are raised, listed and disarmed one by one", async () => {
  const bench = await openBench();
  expect(ask(bench, ACTIVATE, 1n, NOSPACE)).toEqual(["1 1"]);
  expect(ask(bench, ACTIVATE, 1n, NOSPACE)).toEqual(["1 1"]);
  expect(ask(bench, ACTIVATE, 2n, NOSPACE)).toEqual(["2 1"]);
  expect(ask(bench, ACTIVATE, 1n, CORRUPT)).toEqual(["1 2"]);
  expect(ask(bench, GET, 0n, NONE)).toEqual(["1 1", "2 1", "1 2"]);
  expect(ask(bench, GET, 9n, NOSPACE)).toEqual(["1 1", "2 1"]);
  expect(ask(bench, DEACTIVATE, 1n, NOSPACE)).toEqual(["1 1"]);
  expect(ask(bench, DEACTIVATE, 1n, NOSPACE)).toEqual([]);
  expect(ask(bench, GET, 0n, NONE)).toEqual(["2 1", "1 2"]);
});

for (const { name, action, alarm } of [
  { name: "raising the alarm NONE", action: ACTIVATE, alarm: NONE },
  { name: "raising an unknown alarm", action: ACTIVATE, alarm: 7 },
  { name: "disarming the alarm NONE", action: DEACTIVATE, alarm: NONE },
  { name: "an unknown action", action: 7, alarm: NOSPACE },
] as const) {
  test(`${name} does nothing`, async () => {
    const bench = await openBench();
    expect(ask(bench, action, 1n, alarm)).toEqual([]);
    expect(ask(bench, GET, 0n, NONE)).toEqual([]);
  });
}

test("alarms survive a restart, stored in etcd's bytes", async () => {
  const bench = await openBench();
  ask(bench, ACTIVATE, 0x2e1259d415f2a040n, NOSPACE);
  const rows = await bench.backend.scan("alarm", new Uint8Array(0), undefined, 10);
  expect(rows.map((row) => row.map((bytes) => Buffer.from(bytes).toString("hex")))).toEqual([
    ["08c0c0caafc1ba96892e1001", ""],
  ]);
  const again = await openBench({ backend: bench.backend });
  expect(again.apply({ put: put("a", "") }).error?.kind).toBe("noSpace");
  ask(again, DEACTIVATE, 0x2e1259d415f2a040n, NOSPACE);
  expect(await bench.backend.scan("alarm", new Uint8Array(0), undefined, 10)).toEqual([]);
  expect(again.apply({ put: put("a", "") }).error).toBeUndefined();
});

const nested = txn([], [{ txn: txn([], [{ put: put("c", "") }]) }]);
const requests: readonly {
  readonly name: string;
  readonly request: Partial<InternalRaftRequest>;
  readonly noSpace: boolean;
  readonly corrupt: boolean;
}[] = [
  { name: "a put", request: { put: put("c", "") }, noSpace: true, corrupt: true },
  { name: "a txn with a put", request: { txn: txn([], [{ put: put("c", "") }]) }, noSpace: true, corrupt: true },
  {
    name: "a txn with a put in the other branch",
    request: { txn: txn([], [], [{ put: put("c", "") }]) },
    noSpace: true,
    corrupt: true,
  },
  { name: "a txn with a put in a nested txn", request: { txn: nested }, noSpace: true, corrupt: true },
  { name: "a txn without a put", request: { txn: txn([], [{ del: del("a") }]) }, noSpace: false, corrupt: true },
  { name: "a grant", request: { leaseGrant: { id: 9n, ttl: 60 } }, noSpace: true, corrupt: true },
  { name: "a revocation", request: { leaseRevoke: { id: 7n } }, noSpace: false, corrupt: true },
  { name: "a checkpoint", request: { leaseCheckpoint: { checkpoints: [] } }, noSpace: false, corrupt: false },
  { name: "a delete", request: { deleteRange: del("a") }, noSpace: false, corrupt: true },
  { name: "a range", request: { range: range("a") }, noSpace: false, corrupt: true },
  { name: "a compaction", request: { compaction: { revision: 2, physical: false } }, noSpace: false, corrupt: true },
  {
    name: "a list of alarms",
    request: { alarm: { action: GET, memberId: 0n, alarm: NONE } },
    noSpace: false,
    corrupt: false,
  },
  { name: "the cluster's version", request: { clusterVersionSet: { ver: "3.5.0" } }, noSpace: false, corrupt: false },
];

for (const { name, request, noSpace, corrupt } of requests) {
  for (const { alarms, want } of [
    { alarms: [], want: undefined },
    { alarms: [NOSPACE], want: noSpace ? "noSpace" : undefined },
    { alarms: [CORRUPT], want: corrupt ? "corrupt" : undefined },
    { alarms: [NOSPACE, CORRUPT], want: corrupt ? "corrupt" : undefined },
  ]) {
    test(`${name} is ${want ?? "carried out"} under alarms ${alarms.join(" and ") || "none"}`, async () => {
      const bench = await openBench();
      bench.mustApply({ leaseGrant: { id: 7n, ttl: 60 } });
      bench.mustApply({ put: put("a", "", { lease: 7n }) });
      for (const alarm of alarms) ask(bench, ACTIVATE, 1n, alarm);
      const before = await bench.backend.hash();
      expect(bench.apply(request).error?.kind).toBe(want);
      if (want !== undefined) expect(await bench.backend.hash()).toBe(before);
    });
  }
}
