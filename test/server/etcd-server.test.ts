import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type LeaseId, silentLogger } from "../../src/base/index.js";
import type { ServerConfig } from "../../src/server/index.js";
import { Wal } from "../../src/wal/index.js";
import {
  AlarmAction,
  AlarmRequest,
  AlarmType,
  CompactionRequest,
  DeleteRangeRequest,
  InternalRaftRequest,
  LeaseGrantRequest,
  LeaseTimeToLiveRequest,
  MemberListRequest,
  PutRequest,
  RangeRequest,
} from "../../src/wire/index.js";
import { callOf, Host, outcome, patient, turns } from "./member.js";

let hosts: Host[] = [];
afterEach(async () => {
  for (const host of hosts) await host.dispose();
  hosts = [];
});

async function started(overrides: Partial<ServerConfig> = {}): Promise<Host> {
  const host = new Host(overrides);
  hosts.push(host);
  await host.start();
  return host;
}

test("a new member has the ids and revision that etcd 3.5.30 has with the same flags", async () => {
  const { server } = await started({ apiLevel: "3.5" });
  const header = { clusterId: 4795946831141051667n, memberId: 1658400652876682647n, revision: 1, raftTerm: 2 };
  expect(await server.maintenance.status(patient)).toMatchObject({
    header,
    version: "3.5.30",
    leader: 1658400652876682647n,
    raftIndex: 4,
    raftTerm: 2,
    raftAppliedIndex: 4,
    errors: [],
    isLearner: false,
  });
  expect(await server.maintenance.hash(patient)).toEqual({ header, hash: 3466674417 });
  expect(await server.members.list(MemberListRequest.create({ linearizable: true }), patient)).toEqual({
    header: { ...header, revision: 0 },
    members: [
      {
        id: 1658400652876682647n,
        name: "m1",
        peerUrls: ["http://127.0.0.1:33180"],
        clientUrls: ["http://127.0.0.1:33179"],
        isLearner: false,
      },
    ],
  });
  expect(server.clusterVersion()).toBe("3.5.0");
});

test("after one put, the index and the hashes equal those of etcd 3.5", async () => {
  const host = await started({ apiLevel: "3.5" });
  await host.put("a", "b");
  expect(await host.server.maintenance.status(patient)).toMatchObject({ raftIndex: 5, raftAppliedIndex: 5 });
  expect(await host.server.maintenance.hash(patient)).toMatchObject({ hash: 1245960553 });
  expect(await host.server.maintenance.hashKv(0, patient)).toMatchObject({ hash: 3628877040, compactRevision: -1 });
});

test("writes go into the log and reads do not", async () => {
  const host = await started();
  const { raftIndex } = await host.server.maintenance.status(patient);
  await host.server.kv.range(RangeRequest.create({ key: "a" }), patient);
  expect(await host.get("a")).toBeUndefined();
  expect((await host.server.maintenance.status(patient)).raftIndex).toBe(raftIndex);
  await host.put("a", "1");
  await host.server.kv.deleteRange(DeleteRangeRequest.create({ key: "a" }), patient);
  await host.server.kv.compact(CompactionRequest.create({ revision: 3, physical: true }), patient);
  expect((await host.server.maintenance.status(patient)).raftIndex).toBe(raftIndex + 3);
});

test("a hundred simultaneous puts share a few writes of the log", async () => {
  const host = await started();
  const before = host.disk.writes.get("wal") ?? 0;
  await Promise.all(Array.from({ length: 100 }, (_, at) => host.put(`key ${at}`, "value")));
  expect((host.disk.writes.get("wal") ?? 0) - before).toBeLessThanOrEqual(2);
  expect(host.server.headers.at().revision).toBe(101);
});

for (const { name, again } of [
  { name: "a restart", again: (host: Host) => host.restart() },
  { name: "a crash", again: (host: Host) => host.crash() },
]) {
  test(`after ${name} each acknowledged write is there and none is applied twice`, async () => {
    const host = await started();
    await host.put("a", "1");
    await host.put("a", "2");
    const grant = await host.server.leases.grant(LeaseGrantRequest.create({ ttl: 60, id: 7n }), patient);
    await host.put("b", "leased", { lease: grant.id });
    const { raftIndex } = await host.server.maintenance.status(patient);
    const hash = await host.server.maintenance.hashKv(0, patient);
    await again(host);
    expect([await host.get("a"), await host.get("b")]).toEqual(["2", "leased"]);
    expect((await host.server.maintenance.hashKv(0, patient)).hash).toBe(hash.hash);
    expect(host.server.headers.at()).toMatchObject({ revision: 4, raftTerm: 3 });
    // The two new entries are the empty one of the new term and the member's published attributes.
    expect((await host.server.maintenance.status(patient)).raftIndex).toBe(raftIndex + 2);
    const request = LeaseTimeToLiveRequest.create({ id: 7n, keys: true });
    expect(await host.server.leases.timeToLive(request, patient)).toMatchObject({ grantedTtl: 60, keys: ["b"] });
  });

  test(`after snapshots and ${name} the member continues from the last snapshot`, async () => {
    const host = await started({ snapshotCount: 10, snapshotCatchUpEntries: 5 });
    for (let at = 0; at < 35; at++) await host.put(`key ${at % 3}`, String(at));
    await turns(20);
    await again(host);
    expect([await host.get("key 0"), await host.get("key 1"), await host.get("key 2")]).toEqual(["33", "34", "32"]);
    await host.put("key 0", "after");
    await again(host);
    expect(await host.get("key 0")).toBe("after");
    expect(host.server.headers.at().revision).toBe(37);
  });
}

test("entries that are in the log but not in the database are applied after a crash", async () => {
  const host = await started();
  await host.advance(200);
  const written = host.disk.writes.get("db");
  await host.put("a", "only in the log");
  expect(host.disk.writes.get("db")).toBe(written);
  await host.crash();
  expect(await host.get("a")).toBe("only in the log");
});

test("a lease expires on the virtual clock, and its keys are deleted", async () => {
  const host = await started();
  const { id, ttl } = await host.server.leases.grant(LeaseGrantRequest.create({ ttl: 5 }), patient);
  expect([id > 0n, ttl]).toEqual([true, 5]);
  await host.put("a", "1", { lease: id });
  await host.advance(4_000);
  expect(await host.get("a")).toBe("1");
  expect(await host.server.leases.renew(id as LeaseId, patient)).toBe(5);
  await host.advance(4_900);
  expect(await host.get("a")).toBe("1");
  await host.advance(1_000);
  expect(await host.get("a")).toBeUndefined();
  expect(await outcome(host.server.leases.renew(id as LeaseId, patient))).toBe("leaseNotFound");
  expect(host.server.metrics.counters.leasesExpired).toBe(1);
});

test("a restarted member takes a lease's remaining time from its checkpoints", async () => {
  const host = await started({ leaseCheckpoint: true, leaseCheckpointPersist: true });
  const { id } = await host.server.leases.grant(LeaseGrantRequest.create({ ttl: 1_000 }), patient);
  await host.advance(301_000);
  await host.restart();
  const { ttl } = await host.server.leases.timeToLive(LeaseTimeToLiveRequest.create({ id }), patient);
  expect(ttl).toBeGreaterThan(690);
  expect(ttl).toBeLessThan(705);
});

test("a request that is too large is not proposed", async () => {
  const host = await started({ maxRequestBytes: 1_000 });
  const { raftIndex } = await host.server.maintenance.status(patient);
  expect(await outcome(host.put("a", "x".repeat(1_000)))).toBe("requestTooLarge");
  expect(await outcome(host.put("a", "x".repeat(900)))).toBe("done");
  expect((await host.server.maintenance.status(patient)).raftIndex).toBe(raftIndex + 1);
});

test("a full member raises an alarm, and accepts writes again with space and the alarm disarmed", async () => {
  const host = await started({ quotaBackendBytes: 5_000 });
  const { server } = host;
  const { memberId } = server;
  await host.put("a", "x".repeat(2_000));
  await host.put("a", "x".repeat(2_000));
  expect(await outcome(host.put("a", "x".repeat(2_000)))).toBe("noSpace");
  expect((await server.maintenance.status(patient)).errors).toEqual([`memberID:${memberId} alarm:NOSPACE `]);
  expect(await outcome(host.put("b", ""))).toBe("noSpace");
  expect(await outcome(server.leases.grant(LeaseGrantRequest.create({ ttl: 5 }), patient))).toBe("noSpace");
  expect((await host.get("a"))?.length).toBe(2_000);

  await server.kv.deleteRange(DeleteRangeRequest.create({ key: "a" }), patient);
  await server.kv.compact(
    CompactionRequest.create({ revision: server.headers.at().revision, physical: true }),
    patient,
  );
  expect(await outcome(host.put("b", ""))).toBe("noSpace");
  const disarm = AlarmRequest.create({ action: AlarmAction.DEACTIVATE, memberId, alarm: AlarmType.NOSPACE });
  expect((await server.maintenance.alarm(disarm, patient)).alarms).toEqual([{ memberId, alarm: AlarmType.NOSPACE }]);
  expect((await server.maintenance.status(patient)).errors).toEqual([]);
  expect(await outcome(host.put("b", ""))).toBe("done");
});

test("an alarm survives a restart", async () => {
  const host = await started();
  const { memberId } = host.server;
  const raise = AlarmRequest.create({ action: AlarmAction.ACTIVATE, memberId, alarm: AlarmType.NOSPACE });
  await host.server.maintenance.alarm(raise, patient);
  await host.restart();
  expect(host.server.alarms()).toEqual([{ memberId, alarm: AlarmType.NOSPACE }]);
  expect(await outcome(host.put("a", ""))).toBe("noSpace");
});

test("a client that gives up stops waiting, and its proposal is still applied", async () => {
  const host = await started();
  const client = new AbortController();
  const put = outcome(host.server.kv.put(PutRequest.create({ key: "a", value: Buffer.from("1") }), callOf(client)));
  client.abort();
  host.clock.advance(100);
  expect(await put).toBe("canceled");
  await host.until(() => host.server.headers.at().revision === 2);
  expect(await host.get("a")).toBe("1");
});

test("a range whose client has given up is cancelled", async () => {
  const host = await started();
  const client = new AbortController();
  client.abort();
  expect(await outcome(host.server.kv.range(RangeRequest.create({ key: "a", rangeEnd: "b" }), callOf(client)))).toBe(
    "canceled",
  );
});

test("compaction in the revision mode runs automatically", async () => {
  const host = await started({ autoCompaction: { mode: "revision", retention: 2 } });
  for (let at = 0; at < 5; at++) await host.put("a", String(at));
  await host.advance(301_000);
  expect(host.server.metrics.compactRevision).toBe(4);
  const old = RangeRequest.create({ key: "a", revision: 3 });
  expect(await outcome(host.server.kv.range(old, patient))).toBe("compacted");
});

for (const { compactionCheckIntervalMs, compactRevision } of [
  { compactionCheckIntervalMs: 0, compactRevision: 3 },
  { compactionCheckIntervalMs: 60_000, compactRevision: -1 },
]) {
  test(`compactions are hashed when members compare these hashes every ${compactionCheckIntervalMs} ms`, async () => {
    const host = await started({ compactionCheckIntervalMs });
    for (let at = 0; at < 3; at++) await host.put("a", String(at));
    await host.server.kv.compact(CompactionRequest.create({ revision: 3, physical: true }), patient);
    // The hash of a compaction names the compaction before; any other hash at this revision names this one.
    expect(await host.server.maintenance.hashKv(3, patient)).toMatchObject({ compactRevision });
  });
}

test("a stop finishes the requests under way and refuses later ones", async () => {
  const host = await started();
  const puts = Array.from({ length: 20 }, (_, at) => outcome(host.put(`key ${at}`, "value")));
  const stopped = host.server.stop();
  expect(await outcome(host.put("late", ""))).toBe("stopped");
  expect(new Set(await Promise.all(puts))).toEqual(new Set(["done"]));
  await stopped;
  await host.start();
  expect(host.server.headers.at().revision).toBe(21);
});

for (const { failing } of [{ failing: "wal" }, { failing: "db" }]) {
  test(`a member that cannot write its ${failing} stops, and acknowledges no further request`, async () => {
    const host = await started();
    await host.put("a", "acknowledged");
    host.disk.failing = failing;
    const put = outcome(host.put("a", "lost"));
    if (failing === "db") {
      // The put is acknowledged, since the log can be written. The database is written later.
      expect(await put).toBe("done");
      await host.advance(100);
    } else {
      expect(await put).toBe("stopped");
    }
    expect((await host.server.failed).message).toContain("cannot write to");
    expect(await outcome(host.put("a", "refused"))).toBe("stopped");
    expect(() => host.server.kv).toThrow("etcdserver: server stopped");
    host.disk.failing = undefined;
    await host.crash();
    expect(await host.get("a")).toBe(failing === "db" ? "lost" : "acknowledged");
  });
}

test("the first entries of a new member's log are those of etcd 3.7", async () => {
  const host = await started({ apiLevel: "3.7" });
  await host.server.stop();
  const { wal, entries } = await Wal.open({
    dir: join(host.dir, "member", "wal"),
    logger: silentLogger,
    openStore: (dir) => host.disk.open(dir),
  });
  await wal.close();
  expect(entries.map(({ term, type }) => [term, type])).toEqual([
    [1, "EntryConfChange"],
    [2, "EntryNormal"],
    [2, "EntryNormal"],
    [2, "EntryNormal"],
  ]);
  const [first, second, ...requests] = entries.map(({ data }) => data);
  // From the log of a real etcd; releases do not differ in it.
  expect(Buffer.from(first ?? []).toString("hex")).toBe(firstEntry);
  expect(second).toHaveLength(0);
  const decoded = requests.map((data) => InternalRaftRequest.decode(data));
  expect(decoded.map(({ id, header }) => [id, header?.id !== 0n, header?.username, header?.authRevision])).toEqual([
    [0n, true, "", 0],
    [0n, true, "", 0],
  ]);
  const memberAttributes = { name: "m1", clientUrls: ["http://127.0.0.1:33179"] };
  expect(
    decoded.map(({ clusterMemberAttrSet, clusterVersionSet }) => clusterMemberAttrSet ?? clusterVersionSet),
  ).toEqual([{ memberId: 1658400652876682647n, memberAttributes }, { ver: "3.7.0" }]);
});

/** The conf change that adds the first member. */
const firstEntry =
  "080010001897abf68fb7d3f48117224c7b226964223a313635383430303635323837363638323634372c227065657255524c" +
  "73223a5b22687474703a2f2f3132372e302e302e313a3333313830225d2c226e616d65223a226d31227d";

test("the index of the keys counts as memory, although it lies outside of the heap", async () => {
  const host = new Host();
  hosts.push(host);
  // The guard keeps 32 MiB free, so 64 KiB are left.
  host.heap = () => ({ usedBytes: 0, limitBytes: 32 * 2 ** 20 + 64 * 1024 });
  await host.start();
  await host.put("short", "value");
  await host.put("k".repeat(100_000), "value");
  await host.advance(100);
  await expect(host.put("other", "value")).rejects.toThrow("etcdserver: mvcc: database space exceeded");
});
