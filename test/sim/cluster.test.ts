import { afterEach, expect, test } from "vitest";
import type { ServerConfig } from "../../src/server/index.js";
import { PutRequest, RangeRequest } from "../../src/wire/index.js";
import { patient } from "../server/member.js";
import { SimCluster, type SimMember } from "./cluster.js";

let clusters: SimCluster[] = [];
afterEach(async () => {
  for (const cluster of clusters) await cluster.dispose();
  clusters = [];
});

async function started(size = 3, overrides: Partial<ServerConfig> = {}): Promise<SimCluster> {
  const cluster = await SimCluster.start(7, size, overrides);
  clusters.push(cluster);
  return cluster;
}

function put(cluster: SimCluster, member: SimMember, key: string, value: string) {
  return cluster.during(member.server.put(PutRequest.create({ key, value: Buffer.from(value) }), patient));
}

async function get(cluster: SimCluster, member: SimMember, key: string, serializable = false): Promise<number> {
  const request = RangeRequest.create({ key, serializable });
  return (await cluster.during(member.server.range(request, patient))).count;
}

function leaderOf(cluster: SimCluster): SimMember {
  if (cluster.leader === undefined) throw new Error("nobody leads");
  return cluster.leader;
}

test("every member takes writes, and every member reads them", async () => {
  const cluster = await started();
  for (const member of cluster.members) await put(cluster, member, member.name, "here");
  for (const member of cluster.members) {
    for (const { name } of cluster.members) expect(await get(cluster, member, name)).toBe(1);
  }
});

test("two of three go on without the leader, and it catches up when it is back", async () => {
  const cluster = await started();
  const old = leaderOf(cluster);
  old.kill();
  await cluster.until(() => cluster.leader !== undefined);
  await put(cluster, leaderOf(cluster), "after", "the leader");
  await old.start();
  await cluster.until(() => old.server.leader() !== 0n);
  expect(await get(cluster, old, "after")).toBe(1);
});

test("a member that lags behind the log gets a snapshot", async () => {
  const cluster = await started(3, { snapshotCount: 10, snapshotCatchUpEntries: 5 });
  const [behind] = cluster.members.filter((member) => member !== cluster.leader);
  if (behind === undefined) throw new Error("there is a follower");
  behind.kill();
  for (let at = 0; at < 40; at++) await put(cluster, leaderOf(cluster), `key ${at % 7}`, String(at));
  await behind.start();
  await cluster.until(
    () => behind.server.status().raftAppliedIndex >= leaderOf(cluster).server.status().raftAppliedIndex,
  );
  const hashes = await Promise.all(cluster.running.map((server) => server.hashKv(0)));
  expect(new Set(hashes.map(({ hash }) => hash)).size).toBe(1);
  await put(cluster, behind, "and", "on");
  behind.kill();
  await behind.start();
  await cluster.until(() => behind.server.leader() !== 0n);
  expect(await get(cluster, behind, "and")).toBe(1);
});
