import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { demandOfEntry } from "../../src/apply/index.js";
import { type ApiLevel, silentLogger } from "../../src/base/index.js";
import { attributesRequest, versionRequest } from "../../src/cluster/index.js";
import type { ServerConfig } from "../../src/server/index.js";
import { Wal } from "../../src/wal/index.js";
import {
  DowngradeAction,
  DowngradeRequest,
  InternalRaftRequest,
  LeaseGrantRequest,
  LeaseTimeToLiveRequest,
  PutRequest,
  Request,
} from "../../src/wire/index.js";
import { Host, patient } from "./member.js";
import { VirtualCluster, type VirtualMember } from "./virtual/cluster.js";

const clusters: VirtualCluster[] = [];
const hosts: Host[] = [];
afterEach(async () => {
  for (const cluster of clusters.splice(0)) await cluster.dispose();
  for (const host of hosts.splice(0)) await host.dispose();
});

async function started(apiLevel: ApiLevel, overrides: Partial<ServerConfig> = {}): Promise<VirtualCluster> {
  const cluster = await VirtualCluster.start(7, 3, { apiLevel, ...overrides });
  clusters.push(cluster);
  return cluster;
}

/** Starts a member again, with another level. The others go on. */
async function replace(cluster: VirtualCluster, member: VirtualMember, apiLevel: ApiLevel): Promise<void> {
  await member.stop();
  const server = await member.start({ apiLevel });
  await cluster.during(server.ready);
}

const put = (cluster: VirtualCluster, member: VirtualMember, key: string): Promise<unknown> =>
  cluster.during(member.server.kv.put(PutRequest.create({ key, value: Buffer.from("v") }), patient));

const versionsOf = (cluster: VirtualCluster): string[] => [
  ...new Set(cluster.running.map((server) => `${server.clusterVersion()} ${server.storageVersion() ?? "none"}`)),
];

test("the cluster and its databases get a newer version when the last member has it", async () => {
  const cluster = await started("3.5");
  const [one, two, three] = cluster.members as [VirtualMember, VirtualMember, VirtualMember];
  expect(versionsOf(cluster)).toEqual(["3.5.0 none"]);
  for (const member of [one, two]) {
    await replace(cluster, member, "3.7");
    await cluster.advance(5_000);
    await put(cluster, member, member.name);
    expect(member.server.clusterVersion()).toBe("3.5.0");
    expect(member.server.storageVersion()).toBe("3.5.0");
  }
  // As long as one member is old, each of the others may be taken back.
  await replace(cluster, one, "3.5");
  await replace(cluster, one, "3.7");
  await replace(cluster, three, "3.7");
  await cluster.until(() => versionsOf(cluster).join() === "3.7.0 3.7.0");
  await put(cluster, three, "after");
  await three.stop();
  await expect(three.start({ apiLevel: "3.5" })).rejects.toThrow('version "3.7.0" is not supported');
});

for (const { from, to, last } of [
  { from: "3.7", to: "3.6", last: "3.6.0 3.6.0" },
  { from: "3.6", to: "3.5", last: "3.5.0 none" },
] as const) {
  test(`a cluster is downgraded from ${from} to ${to}, member by member, while it serves`, async () => {
    const cluster = await started(from);
    await cluster.until(() => versionsOf(cluster).join() === `${from}.0 ${from}.0`);
    const [first] = cluster.members as [VirtualMember];
    const request = DowngradeRequest.create({ action: DowngradeAction.ENABLE, version: to });
    await cluster.during(first.server.downgrades.run(request, patient));
    // Within one round of the leader the version is lowered, and each member lowers that of its database.
    await cluster.until(() => versionsOf(cluster).join() === `${to}.0 ${to}.0`, 10_000);
    const said = (line: string): number => cluster.said.get(line) ?? 0;
    expect(said("Cluster version downgrade detected, forcing snapshot")).toBe(3);
    await cluster.until(() => said("The server is ready to downgrade") === 3);
    expect(said("saved snapshot")).toBe(3);
    expect(said("failed to update storage version")).toBe(0);
    for (const member of cluster.members) {
      await put(cluster, member, `before ${member.name}`);
      await replace(cluster, member, to);
      await put(cluster, member, `after ${member.name}`);
    }
    expect(said("the cluster has been downgraded")).toBe(0);
    await cluster.until(() => said("the cluster has been downgraded") === 1, 10_000);
    await cluster.advance(10_000);
    expect(versionsOf(cluster)).toEqual([last]);
    expect(said("the cluster has been downgraded")).toBe(1);
    // The downgrade has ended, so the next replaced members raise the version again.
    for (const member of cluster.members) await replace(cluster, member, from);
    await cluster.until(() => versionsOf(cluster).join() === `${from}.0 ${from}.0`);
  });
}

for (const { intervalMs, endsWithin } of [
  { intervalMs: 1_000, endsWithin: [900, 1_100] },
  { intervalMs: 60_000, endsWithin: [59_900, 60_100] },
  { intervalMs: 0, endsWithin: undefined },
] as const) {
  const ends = endsWithin === undefined ? "never ends by itself" : `ends at the next check after ${intervalMs} ms`;
  test(`--downgrade-check-time ${intervalMs}ms: a downgrade that is complete ${ends}`, async () => {
    const host = await hostAt("3.7", [], { downgradeCheckIntervalMs: intervalMs });
    await host.until(() => host.server.storageVersion() === "3.7.0");
    const enable = DowngradeRequest.create({ action: DowngradeAction.ENABLE, version: "3.6" });
    await host.server.downgrades.run(enable, patient);
    while (host.server.storageVersion() !== "3.6.0") await host.advance(100);
    const goesOn = async () => (await host.server.maintenance.status(patient)).downgradeInfo?.enabled;
    await host.restartAt("3.6");
    expect(await goesOn()).toBe(true);
    await host.advance(endsWithin?.[0] ?? 600_000);
    expect(await goesOn()).toBe(true);
    if (endsWithin === undefined) return;
    await host.advance(endsWithin[1] - endsWithin[0]);
    expect(await goesOn()).toBe(false);
  });
}

test("a downgrade that is cancelled raises the version again", async () => {
  const cluster = await started("3.7");
  await cluster.until(() => versionsOf(cluster).join() === "3.7.0 3.7.0");
  const [first] = cluster.members as [VirtualMember];
  const ask = (action: number) =>
    cluster.during(first.server.downgrades.run(DowngradeRequest.create({ action, version: "3.6" }), patient));
  await ask(DowngradeAction.ENABLE);
  await cluster.until(() => versionsOf(cluster).join() === "3.6.0 3.6.0");
  await ask(DowngradeAction.CANCEL);
  await cluster.until(() => versionsOf(cluster).join() === "3.7.0 3.7.0");
});

/** Appends entries to the log of a member that is not running, as if they were committed. */
async function append(host: Host, requests: readonly Uint8Array[]): Promise<void> {
  const { wal, entries, snapshot, hardState } = await Wal.open({
    ...{ dir: join(host.dir, "member", "wal"), logger: silentLogger },
    openStore: (dir) => host.disk.open(dir),
  });
  const { term = 0, vote = 0n } = hardState ?? {};
  const last = entries.at(-1)?.index ?? snapshot?.metadata.index ?? 0;
  const added = requests.map((data, at) => ({ term, index: last + 1 + at, type: "EntryNormal" as const, data }));
  await wal.save({ hardState: { term, vote, commit: last + added.length }, entries: added });
  await wal.close();
}

async function hostAt(apiLevel: ApiLevel, lines: string[], overrides: Partial<ServerConfig> = {}): Promise<Host> {
  const note = (message: string): number => lines.push(message);
  const host = new Host({ apiLevel, ...overrides }, { ...silentLogger, info: note, error: note });
  hosts.push(host);
  await host.start();
  return host;
}

for (const level of ["3.5", "3.6", "3.7"] as const) {
  test(`level ${level}: requests of the v2 store are dropped from the log once no member needs them`, async () => {
    const lines: string[] = [];
    const host = await hostAt(level, lines);
    await host.put("a", "1");
    await host.server.stop();
    const { memberId } = host.server;
    const published = attributesRequest(1n, memberId, { name: "m1", clientUrls: ["http://127.0.0.1:33179"] });
    const again = versionRequest(2n, `${level}.0`);
    await append(host, [Request.encode(published), Request.encode(again)]);
    lines.length = 0;
    await host.start();
    await host.until(() => lines.includes("compacted Raft logs"));
    await host.server.stop();
    const opened = await Wal.open({
      ...{ dir: join(host.dir, "member", "wal"), logger: silentLogger },
      openStore: (dir) => host.disk.open(dir),
    });
    await opened.wal.close();
    // The log holds the entries of the last start, and none of those before.
    expect(opened.entries.filter(({ data }) => demandOfEntry(data) === "v2")).toEqual([]);
    expect(opened.snapshot?.metadata.index).toBeGreaterThanOrEqual(7);
  });
}

test("a member that was downgraded while it was down moves its database behind a snapshot of its own", async () => {
  const lines: string[] = [];
  const host = await hostAt("3.7", lines);
  await host.until(() => host.server.storageVersion() === "3.7.0");
  await host.server.stop();
  const encode = (request: Partial<InternalRaftRequest>) =>
    InternalRaftRequest.encode(
      InternalRaftRequest.create({ header: { id: 9n, username: "", authRevision: 0 }, ...request }),
    );
  await append(host, [
    encode({ downgradeInfoSet: { enabled: true, ver: "3.6.0" } }),
    encode({ clusterVersionSet: { ver: "3.6.0" } }),
    // A request of etcd's own tests, which only 3.7 can read.
    encode({ downgradeVersionTest: { ver: "3.7.0" } }),
  ]);
  lines.length = 0;
  await host.start();
  expect(host.server.clusterVersion()).toBe("3.6.0");
  await host.until(() => lines.includes("saved snapshot"));
  await host.advance(5_000);
  expect(host.server.storageVersion()).toBe("3.6.0");
});

for (const { level, kept } of [
  { level: "3.5", kept: false },
  { level: "3.6", kept: true },
  { level: "3.7", kept: true },
] as const) {
  const does = kept ? "are" : "are not";
  test(`level ${level}: checkpoints of leases ${does} stored without a setting`, async () => {
    const host = await hostAt(level, [], { leaseCheckpoint: true });
    const { id } = await host.server.leases.grant(LeaseGrantRequest.create({ ttl: 1_000 }), patient);
    await host.advance(301_000);
    await host.restart();
    const left = await host.server.leases.timeToLive(LeaseTimeToLiveRequest.create({ id }), patient);
    // A new leader adds an election timeout to the time that is left.
    if (kept) expect(left.ttl).toBeLessThan(710);
    else expect(left.ttl).toBeGreaterThan(990);
  });
}
