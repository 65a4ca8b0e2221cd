import { afterEach, expect, test } from "vitest";
import type { LeaseId } from "../../src/base/index.js";
import type { EtcdServer, ServerConfig } from "../../src/server/index.js";
import {
  AlarmAction,
  AlarmRequest,
  AlarmType,
  LeaseGrantRequest,
  LeaseTimeToLiveRequest,
  MemberRemoveRequest,
  MoveLeaderRequest,
  PutRequest,
  RangeRequest,
} from "../../src/wire/index.js";
import { TestSink } from "../mvcc/watch-fixture.js";
import { outcome, patient } from "./member.js";
import { VirtualCluster, type VirtualMember } from "./virtual/cluster.js";

let clusters: VirtualCluster[] = [];
afterEach(async () => {
  for (const cluster of clusters) await cluster.dispose();
  clusters = [];
});

async function started(overrides: Partial<ServerConfig> = {}): Promise<VirtualCluster> {
  const cluster = await VirtualCluster.start(7, 3, overrides);
  clusters.push(cluster);
  return cluster;
}

function put(cluster: VirtualCluster, member: VirtualMember, key: string, value = "value") {
  return cluster.during(member.server.kv.put(PutRequest.create({ key, value: Buffer.from(value) }), patient));
}

async function has(cluster: VirtualCluster, member: VirtualMember, key: string): Promise<boolean> {
  return (await cluster.during(member.server.kv.range(RangeRequest.create({ key }), patient))).count === 1;
}

function leaderOf(cluster: VirtualCluster): VirtualMember {
  if (cluster.leader === undefined) throw new Error("nobody leads");
  return cluster.leader;
}

function followersOf(cluster: VirtualCluster): [VirtualMember, VirtualMember] {
  const [one, other] = cluster.members.filter((member) => member.running && member !== cluster.leader);
  if (one === undefined || other === undefined) throw new Error("two of three follow");
  return [one, other];
}

async function sameHistories(cluster: VirtualCluster): Promise<void> {
  const hashes = await Promise.all(cluster.running.map((server) => server.maintenance.hashKv(0, patient)));
  expect(new Set(hashes.map(({ hash }) => hash)).size).toBe(1);
}

function caughtUp(cluster: VirtualCluster): Promise<void> {
  const applied = (server: EtcdServer) => server.metrics.proposalsApplied;
  return cluster.until(() => new Set(cluster.running.map(applied)).size === 1);
}

test("every member accepts writes, and every member can read them", async () => {
  const cluster = await started();
  for (const member of cluster.members) await put(cluster, member, member.name);
  for (const member of cluster.members) {
    for (const { name } of cluster.members) expect(await has(cluster, member, name)).toBe(true);
  }
});

test("two of three members go on without the old leader, and it catches up after its restart", async () => {
  const cluster = await started();
  const old = leaderOf(cluster);
  old.kill();
  await cluster.until(() => cluster.leader !== undefined);
  await put(cluster, leaderOf(cluster), "after");
  await old.start();
  await cluster.until(() => old.server.leadership.lead !== 0n);
  expect(await has(cluster, old, "after")).toBe(true);
});

test("after the leader dies, a write usually succeeds within two seconds of virtual time", async () => {
  const took: number[] = [];
  for (let seed = 1; seed <= 9; seed++) {
    const cluster = await VirtualCluster.start(seed, 3);
    clusters.push(cluster);
    const rest = followersOf(cluster);
    leaderOf(cluster).kill();
    const diedAt = cluster.clock.now();
    await cluster.until(() => cluster.leader !== undefined);
    await put(cluster, rest[0], "after");
    took.push(cluster.clock.now() - diedAt);
  }
  const median = took.toSorted((one, other) => one - other)[4];
  expect(median).toBeLessThan(2_000);
});

test("a member that needs compacted entries gets a snapshot, and keeps it", async () => {
  const cluster = await started({ snapshotCount: 10, snapshotCatchUpEntries: 5 });
  const [behind] = followersOf(cluster);
  behind.kill();
  for (let at = 0; at < 40; at++) await put(cluster, leaderOf(cluster), `key ${at % 7}`, String(at));
  await behind.start();
  await caughtUp(cluster);
  expect(cluster.said.get("applied snapshot")).toBe(1);
  await sameHistories(cluster);
  await put(cluster, behind, "and");
  behind.kill();
  await behind.start();
  await cluster.until(() => behind.server.leadership.lead !== 0n);
  expect(await has(cluster, behind, "and")).toBe(true);
});

test("a member that dies while it loads a snapshot finishes the load at its next start", async () => {
  const cluster = await started({ snapshotCount: 10, snapshotCatchUpEntries: 5 });
  const [behind] = followersOf(cluster);
  behind.kill();
  for (let at = 0; at < 40; at++) await put(cluster, leaderOf(cluster), `key ${at % 7}`, String(at));
  await behind.start();
  await cluster.until(() => cluster.said.has("applying snapshot"));
  expect(cluster.said.has("applied snapshot")).toBe(false);
  behind.kill();
  await behind.start();
  await caughtUp(cluster);
  await sameHistories(cluster);
});

test("watchers of a member that receives a snapshot miss no event", async () => {
  const cluster = await started({ snapshotCount: 10, snapshotCatchUpEntries: 5 });
  const [behind, other] = followersOf(cluster);
  const sink = new TestSink();
  const stream = behind.server.watchable.newStream(sink);
  const all = { key: "a", end: "b", startRevision: 0, noPut: false, noDelete: false, prevKv: false };
  stream.watch(0n, { ...all, progressNotify: false });
  await put(cluster, other, "a1");
  await caughtUp(cluster);
  cluster.network.isolate(behind.server.memberId, cluster.ids);
  for (let at = 0; at < 30; at++) await put(cluster, other, "a2", String(at));
  cluster.network.heal();
  await caughtUp(cluster);
  await put(cluster, other, "a3");
  await caughtUp(cluster);
  expect(cluster.said.get("applied snapshot")).toBe(1);
  const seen = sink.take().flatMap((line) => line.replace(/^.*?: /, "").split(" "));
  const want = ["a1=value@2", ...Array.from({ length: 30 }, (_, at) => `a2=${at}@${at + 3}`), "a3=value@33"];
  expect(seen).toEqual(want);
});

test("leadership is transferred to the requested member", async () => {
  const cluster = await started();
  const [next, other] = followersOf(cluster);
  const move = (member: VirtualMember, targetId: bigint) =>
    cluster.during(outcome(member.server.maintenance.moveLeader(MoveLeaderRequest.create({ targetId }), patient)));
  expect(await move(other, next.server.memberId)).toBe("notLeader");
  expect(await move(leaderOf(cluster), 4711n)).toBe("badLeaderTransferee");
  expect(await move(leaderOf(cluster), next.server.memberId)).toBe("done");
  expect(leaderOf(cluster).name).toBe(next.name);
});

test("a leader that is stopped transfers its leadership, so that no election timeout is needed", async () => {
  const cluster = await started();
  await leaderOf(cluster).stop();
  const stoppedAt = cluster.clock.now();
  await cluster.until(() => cluster.leader !== undefined);
  await put(cluster, leaderOf(cluster), "at once");
  expect(cluster.clock.now() - stoppedAt).toBeLessThan(200);
});

test("leases can be renewed through any member, and survive the leader's death", async () => {
  const cluster = await started();
  const [one, other] = followersOf(cluster);
  const grant = LeaseGrantRequest.create({ id: 7n, ttl: 10 });
  await cluster.during(one.server.leases.grant(grant, patient));
  await cluster.advance(6_000);
  expect(await cluster.during(one.server.leases.renew(7n as LeaseId, patient))).toBe(10);
  await cluster.advance(500);
  const ask = LeaseTimeToLiveRequest.create({ id: 7n });
  expect(await cluster.during(other.server.leases.timeToLive(ask, patient))).toMatchObject({ ttl: 9, grantedTtl: 10 });
  expect(await cluster.during(outcome(other.server.leases.renew(8n as LeaseId, patient)))).toBe("leaseNotFound");

  await cluster.advance(6_000);
  leaderOf(cluster).kill();
  await cluster.until(() => cluster.leader !== undefined);
  await cluster.advance(6_000);
  // The new leader has restarted the lease's time.
  expect(await cluster.during(one.server.leases.renew(7n as LeaseId, patient))).toBe(10);
  await cluster.advance(15_000);
  expect(await cluster.during(outcome(one.server.leases.renew(7n as LeaseId, patient)))).toBe("leaseNotFound");
});

test("an alarm of one member is known to all members", async () => {
  const cluster = await started();
  const [one, other] = followersOf(cluster);
  const alarm = { action: AlarmAction.ACTIVATE, alarm: AlarmType.NOSPACE, memberId: one.server.memberId };
  await cluster.during(one.server.maintenance.alarm(AlarmRequest.create(alarm), patient));
  await caughtUp(cluster);
  for (const { server } of [other, leaderOf(cluster)]) expect(server.alarms()).toMatchObject([{ alarm: 1 }]);
});

test("without a majority reads and writes time out, and the member reports that there is no leader", async () => {
  const cluster = await started();
  const alone = leaderOf(cluster);
  for (const member of followersOf(cluster)) member.kill();
  const write = outcome(alone.server.kv.put(PutRequest.create({ key: "a" }), patient));
  const read = outcome(alone.server.kv.range(RangeRequest.create({ key: "a" }), patient));
  expect(await cluster.during(write)).toBe("timeout");
  expect(await cluster.during(read)).toBe("timeout");
  expect(alone.server.leadership.lead).toBe(0n);
  expect((await alone.server.maintenance.status(patient)).errors).toEqual(["etcdserver: no leader"]);
  const serializable = RangeRequest.create({ key: "a", serializable: true });
  expect((await alone.server.kv.range(serializable, patient)).count).toBe(0);
});

test("a write made while there is no leader is applied after the election", async () => {
  const cluster = await started();
  const [one, other] = followersOf(cluster);
  leaderOf(cluster).kill();
  other.kill();
  await cluster.advance(3_000);
  expect(one.server.leadership.lead).toBe(0n);
  const write = outcome(one.server.kv.put(PutRequest.create({ key: "a" }), patient));
  await other.start();
  expect(await cluster.during(write)).toBe("done");
});

test("a write that was lost with its leader times out, and the next leader names the failure", async () => {
  const cluster = await started();
  const [one, other] = followersOf(cluster);
  leaderOf(cluster).kill();
  const writes = [one, other].map(({ server, name }) => ({
    name,
    end: outcome(server.kv.put(PutRequest.create({ key: "a" }), patient)),
  }));
  await cluster.until(() => cluster.leader !== undefined);
  const next = leaderOf(cluster).name;
  for (const { name, end } of writes) {
    expect(await cluster.during(end)).toBe(name === next ? "timeoutLeaderFailure" : "timeout");
  }
});

test("a member that cannot reach its leader reports a lost connection", async () => {
  const cluster = await started();
  const [one] = followersOf(cluster);
  const leader = leaderOf(cluster);
  // The member still receives the leader's messages, but its own messages are lost.
  cluster.network.cut(one.server.memberId, leader.server.memberId);
  expect(await cluster.during(outcome(one.server.kv.put(PutRequest.create({ key: "a" }), patient)))).toBe(
    "timeoutConnectionLost",
  );
});

test("a removed member learns that it must stop, and the others go on", async () => {
  const cluster = await started();
  const [gone, other] = followersOf(cluster);
  let removed = false;
  void gone.server.removed.then(() => {
    removed = true;
  });
  const request = MemberRemoveRequest.create({ id: gone.server.memberId });
  await cluster.advance(6_000);
  await cluster.during(other.server.members.remove(request, patient));
  await cluster.until(() => removed);
  await put(cluster, other, "without it");
});
