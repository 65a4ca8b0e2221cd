import { expect, test } from "vitest";
import type { AlarmStore } from "../../../src/apply/index.js";
import type { Backend } from "../../../src/backend/index.js";
import { ManualClock } from "../../../src/base/index.js";
import type { Cluster } from "../../../src/cluster/index.js";
import type { Status } from "../../../src/raft/index.js";
import { MemberOverview } from "../../../src/server/console/member-overview.js";
import type { Leadership } from "../../../src/server/log/leadership.js";
import type { LogPosition } from "../../../src/server/log/log-position.js";
import { AlarmType, consolepb } from "../../../src/wire/index.js";
import { fakeClient, memberOf } from "../fake-peers.js";

// One member leads and serves the console. The others are one of its kind, one of etcd, which does not know the
// questions of the console, and one that does not answer.

const [own, kin, foreign, silent] = [1, 2, 3, 4].map((id) => memberOf(id));
const members = [own, kin, foreign, silent].filter((member) => member !== undefined);
const urlOf = (id: number): string => `http://10.0.0.${id}:2380`;

const kinsAnswer = consolepb.StatusAnswer.encode({
  member: consolepb.MemberFacts.create({
    ...{ id: 2n, reached: true, version: "3.7.1", leader: 1n, term: 5 },
    ...{ raftIndex: 100, appliedIndex: 90, dbSize: 7, dbSizeInUse: 6 },
  }),
  progress: [],
});
let asked = 0;
const versions = { server: "3.5.30", cluster: "3.5.0" };
const client = {
  ...fakeClient({ [urlOf(2)]: { versions }, [urlOf(3)]: { versions } }),
  console: async (url: string) => {
    asked++;
    if (url === urlOf(2)) return kinsAnswer;
    if (url === urlOf(3)) return undefined;
    throw new Error("connection refused");
  },
};
/** A follower's progress, of which only `match` counts here. */
const matching = (match: number) => ({ match }) as never;

test("every member is listed with what it tells, and with what its leader knows of it", async () => {
  const clock = new ManualClock();
  const overview = new MemberOverview({
    level: "3.7",
    cluster: { localId: 1n, members: () => members } as unknown as Cluster,
    alarms: { get: () => [{ memberId: 2n, alarm: AlarmType.NOSPACE }] } as unknown as AlarmStore,
    backend: { size: () => 20, sizeInUse: () => 10 } as Backend,
    leadership: { lead: 1n } as Leadership,
    position: { term: 5, committed: 110, applied: 110 } as LogPosition,
    raftStatus: () => ({ progress: new Map([1n, 2n, 3n].map((id) => [id, matching(80)])) }) as unknown as Status,
    ...{ client, clock },
  });
  clock.advance(3_500);
  const [facts, same] = await Promise.all([overview.all(), overview.all()]);
  expect(same).toBe(facts);
  expect(asked).toBe(3);
  expect(facts.map(({ id, reached, version, lag, health }) => [id, reached, version, lag, health])).toEqual([
    [1n, true, "3.7.1", 0, "ok"],
    [2n, true, "3.7.1", 20, "alarm NOSPACE"],
    [3n, true, "3.5.30", 30, "ok"],
    [4n, false, "", 0, "not reached"],
  ]);
  expect(facts[0]).toMatchObject({ name: "m1", term: 5, dbSize: 20, dbSizeInUse: 10, startedSecondsAgo: 3 });
  expect(facts[1]).toMatchObject({ alarms: ["NOSPACE"], dbSize: 7, leader: 1n });
  expect(facts[3]?.error).toBe("connection refused");
});
