import { expect, test } from "vitest";
import { type ClusterId, defaultApiLevel, ManualClock, type MemberId, silentLogger } from "../../../src/base/index.js";
import { Cluster, encodeMember, type Member } from "../../../src/cluster/index.js";
import {
  type LearnerProgress,
  refuseToAdd,
  refuseToPromote,
  refuseToRemove,
  refuseUnready,
} from "../../../src/server/services/reconfiguration.js";
import { openBackend } from "../../cluster/fixtures.js";
import { memberOf } from "../fake-peers.js";

/**
 * One letter for each member of a test, beginning with the local member: `v` is a voter and `l` a learner. A capital
 * letter means that the member has started.
 */
type Roles = string;

async function view(roles: Roles, secondsConnected: readonly (number | undefined)[]) {
  const clock = new ManualClock();
  clock.advance(100_000);
  const backend = await openBackend();
  const localId = 1n as MemberId;
  const cluster = new Cluster({
    ...{ level: defaultApiLevel, backend, logger: silentLogger, clusterId: 1n as ClusterId, localId },
  });
  for (const [at, role] of [...roles].entries()) {
    const started = role === role.toUpperCase();
    const member = memberOf(at + 1, { name: started ? `m${at}` : "", isLearner: role.toLowerCase() === "l" });
    const type = member.isLearner ? "ConfChangeAddLearnerNode" : "ConfChangeAddNode";
    const context = Buffer.from(encodeMember(member), "utf8");
    cluster.applyConfChange({ version: 1, id: 0n, type, nodeId: member.id, context });
  }
  const activeSince = (id: MemberId): number | undefined => {
    const seconds = secondsConnected[Number(id) - 1];
    return seconds === undefined ? undefined : clock.now() - seconds * 1000;
  };
  return { cluster, activeSince, clock, logger: silentLogger };
}

const voter: Member = memberOf(9, { name: "" });
const learner: Member = { ...voter, isLearner: true };
const down = undefined;

for (const { name, roles, connected = [], added = voter, want } of [
  { name: "a second voter", roles: "V", want: undefined },
  { name: "a second voter before the first has started", roles: "v", want: "memberNotEnoughStarted" },
  { name: "a voter when all are up", roles: "VVV", connected: [0, 9, 9], want: undefined },
  { name: "a voter when one is down", roles: "VVV", connected: [0, 9, down], want: "unhealthy" },
  { name: "a voter when one was down just now", roles: "VVV", connected: [0, 9, 4], want: "unhealthy" },
  { name: "a voter to two, one of them down", roles: "VV", connected: [0, down], want: "unhealthy" },
  { name: "a voter while another has not started", roles: "Vv", connected: [0, 9], want: "memberNotEnoughStarted" },
  {
    name: "a voter while one of three has not started",
    roles: "VVv",
    connected: [0, 9, down],
    want: "memberNotEnoughStarted",
  },
  {
    name: "a fifth voter while the fourth has not started",
    roles: "VVVv",
    connected: [0, 9, 9, down],
    want: undefined,
  },
  { name: "a learner to a voter that has not started", roles: "v", added: learner, want: undefined },
  { name: "a learner when one is down", roles: "VVV", connected: [0, 9, down], added: learner, want: "unhealthy" },
  { name: "a voter beside a learner that is down", roles: "VVL", connected: [0, 9, down], want: undefined },
] as const) {
  test(`adding ${name}: ${want ?? "allowed"}`, async () => {
    expect(refuseToAdd(await view(roles, connected), added)).toBe(want);
  });
}

for (const { name, roles, connected, id, want } of [
  { name: "one of three", roles: "VVV", connected: [0, 9, 9], id: 3, want: undefined },
  { name: "this one of three", roles: "VVV", connected: [0, 9, 9], id: 1, want: undefined },
  {
    name: "one of three that is up when another is down",
    roles: "VVV",
    connected: [0, 9, down],
    id: 2,
    want: "unhealthy",
  },
  { name: "the one of three that is down", roles: "VVV", connected: [0, 9, down], id: 3, want: undefined },
  { name: "one that was down just now", roles: "VVV", connected: [0, 9, 1], id: 3, want: "unhealthy" },
  { name: "the other one of two", roles: "VV", connected: [0, 9], id: 2, want: undefined },
  { name: "the one of two that has started", roles: "Vv", connected: [0, 9], id: 1, want: "memberNotEnoughStarted" },
  { name: "the one of two that has not started", roles: "Vv", connected: [0, down], id: 2, want: undefined },
  { name: "a learner, whatever the others do", roles: "VVL", connected: [0, down, down], id: 3, want: undefined },
  { name: "a member that does not exist", roles: "VVV", connected: [0, 9, 9], id: 7, want: undefined },
] as const) {
  test(`removing ${name}: ${want ?? "allowed"}`, async () => {
    expect(refuseToRemove(await view(roles, connected), BigInt(id) as MemberId)).toBe(want);
  });
}

for (const { roles, want } of [
  { roles: "VL", want: undefined },
  { roles: "VVVL", want: undefined },
  { roles: "VvL", want: undefined },
  { roles: "VvvL", want: "memberNotEnoughStarted" },
] as const) {
  test(`promoting the learner of ${roles}: ${want ?? "allowed"}`, async () => {
    expect(refuseToPromote(await view(roles, []), BigInt(roles.length) as MemberId)).toBe(want);
  });
}

for (const { name, match, want } of [
  { name: "that has 90 of 100 entries", match: { 1: 100, 2: 90 }, want: undefined },
  { name: "that has 89 of 100 entries", match: { 1: 100, 2: 89 }, want: "learnerNotReady" },
  { name: "that the leader does not know", match: { 1: 100 }, want: "memberNotFound" },
  { name: "asked of a follower", match: {}, want: "notLeader" },
] as const) {
  test(`promoting a learner ${name}: ${want ?? "allowed"}`, () => {
    const rest = { applied: undefined, state: "StateReplicate" as const, isLearner: true };
    const progress = new Map(Object.entries(match).map(([id, index]) => [BigInt(id), { match: index, ...rest }]));
    expect(refuseUnready({ id: 1n, progress }, 2n as MemberId)).toBe(want);
  });
}

for (const { name, learner, want } of [
  { name: "does not report its applied index", learner: { applied: undefined }, want: undefined },
  { name: "has applied 90 of 100 entries", learner: { applied: 90 }, want: undefined },
  { name: "has applied 89 of 100 entries", learner: { applied: 89 }, want: "learnerNotReady" },
  { name: "loads the state of a snapshot", learner: { applied: 0 }, want: "learnerNotReady" },
  { name: "is being sent a snapshot", learner: { applied: 95, state: "StateSnapshot" }, want: "learnerNotReady" },
  { name: "is a voter already and lags", learner: { match: 50, isLearner: false }, want: undefined },
] as const) {
  test(`promoting a learner that has the whole log and ${name}: ${want ?? "allowed"}`, () => {
    const whole: LearnerProgress = { match: 100, applied: 100, state: "StateReplicate", isLearner: true };
    const progress = new Map<bigint, LearnerProgress>([
      [1n, whole],
      [2n, { ...whole, ...learner }],
    ]);
    expect(refuseUnready({ id: 1n, progress }, 2n as MemberId)).toBe(want);
  });
}
