import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { expect, test } from "vitest";
import { ManualClock, seededRandom, silentLogger } from "../../../src/base/index.js";
import type { InitialMember, ServerConfig } from "../../../src/server/config.js";
import { noPeers } from "../../../src/server/consensus/peer-network.js";
import { EtcdServer } from "../../../src/server/index.js";
import { joiningOf } from "../../../src/server/start/joining.js";
import { clusterOf, type FakePeer, fakeClient, memberOf } from "../fake-peers.js";
import { patient, settings, turns } from "../member.js";
import { MemoryDisk } from "../memory-disk.js";

const config: ServerConfig = { ...settings, name: "c", dataDir: "/nowhere", initialClusterState: "existing" };
const [url1, url2, url3] = ["http://10.0.0.1:2380", "http://10.0.0.2:2380", "http://10.0.0.3:2380"];
const initial: readonly InitialMember[] = [
  { name: "a", peerUrls: [url1] },
  { name: "b", peerUrls: [url2] },
  { name: "c", peerUrls: [url3] },
];
const unstarted = { name: "", clientUrls: [] };
const added = memberOf(3, unstarted);
const cluster = clusterOf(memberOf(1), memberOf(2), added);
const versions = { server: "3.5.1", cluster: "3.5.0" };

function join(peers: Readonly<Record<string, FakePeer>>, listed = initial, overrides: Partial<ServerConfig> = {}) {
  const names = { address: async () => "10.0.0.3", services: () => Promise.reject(new Error("none")) };
  const deps = { names, clock: new ManualClock(), logger: silentLogger };
  return joiningOf({ ...config, ...overrides }, listed, fakeClient(peers), deps);
}

test("a joining member takes its ids from the cluster, whichever member answers", async () => {
  const joining = await join({ [url2]: { members: cluster, versions } });
  expect(joining).toEqual({
    ids: { memberId: 3n, clusterId: 0xcafen },
    remotes: [memberOf(1), memberOf(2)],
  });
});

test("peer URLs match when their hosts have one address", async () => {
  const listed = [...initial.slice(0, 2), { name: "c", peerUrls: ["http://c.example:2380"] }];
  expect((await join({ [url1]: { members: cluster, versions } }, listed)).ids.memberId).toBe(3n);
});

test("a cluster of an older version accepts a member of this version", async () => {
  const older = { server: "3.4.23", cluster: "3.4.0" };
  expect((await join({ [url1]: { members: cluster, versions: older } })).ids.memberId).toBe(3n);
});

for (const { level, newest, next } of [
  { level: "3.5", newest: "3.5", next: "3.6" },
  { level: "3.6", newest: "3.6", next: "3.7" },
  { level: "3.7", newest: "3.7", next: "3.8" },
] as const) {
  const joining = (version: string, downgrading = false) =>
    join({ [url1]: { members: cluster, versions: { server: "3.9.0", cluster: version }, downgrading } }, initial, {
      apiLevel: level,
    });

  test(`a member of level ${level} joins clusters of version 3.0 to ${newest}, and no others`, async () => {
    const range = `this member can join 3.0 to ${newest}`;
    for (const version of ["3.0.0", "3.4.0", `${newest}.0`]) expect((await joining(version)).ids.memberId).toBe(3n);
    await expect(joining(`${next}.0`)).rejects.toThrow(`its version at member 1 is ${next}, ${range}`);
    await expect(joining("2.3.0")).rejects.toThrow(`its version at member 1 is 2.3, ${range}`);
  });

  test(`a member of level ${level} joins a downgrade only if it is one to its own version`, async () => {
    expect((await joining(`${next}.0`, true)).ids.memberId).toBe(3n);
    const refusal = `its version at member 1 is ${newest}, this member can join ${next} to ${next}`;
    await expect(joining(`${newest}.0`, true)).rejects.toThrow(refusal);
  });
}

for (const { name, peers, listed, overrides, says } of [
  {
    name: "is not named",
    overrides: { name: "d" },
    says: `couldn't find local name "d" in the initial cluster configuration`,
  },
  {
    name: "has the URL of another member",
    listed: [...initial.slice(0, 2), { name: "c", peerUrls: [url2] }],
    says: "has duplicate url",
  },
  {
    name: "reaches no member",
    peers: {},
    says: `cluster information from the given URLs (${url1} does not answer; ${url2} does not answer)`,
  },
  { name: "is alone", listed: initial.slice(2), says: "--initial-cluster names nobody else" },
  {
    name: "was not added",
    peers: { [url1]: { members: clusterOf(memberOf(1), memberOf(2)), versions } },
    says:
      "error validating peerURLs: member count is unequal (2 and 3); the cluster has " +
      `1=${url1}, 2=${url2}, --initial-cluster is a=${url1},b=${url2},c=${url3}: ` +
      "name the members that it has, and add this one first (etcdctl member add)",
  },
  {
    name: "gives a wrong URL for a member",
    listed: [initial[0], { name: "b", peerUrls: ["http://10.0.0.9:2380"] }, initial[2]].flatMap((one) => one ?? []),
    says: `PeerURLs: no match found for existing member 2 (${url2})`,
  },
  {
    name: "has run before",
    peers: { [url1]: { members: clusterOf(memberOf(1), memberOf(2), memberOf(3)), versions } },
    says: "member 3 has already been bootstrapped",
  },
  {
    name: "finds a cluster without a version",
    peers: { [url1]: { members: cluster, versions: { server: "3.5.0", cluster: undefined } } },
    says: "none of its members says which version it has",
  },
]) {
  test(`a member may not join if it ${name}`, async () => {
    const there = peers ?? { [url1]: { members: cluster, versions } };
    await expect(join(there, listed, overrides)).rejects.toThrow(says);
  });
}

const time = new ManualClock();

/** Starts a member on its own disk, with the given answers of its peers. */
function startOn(
  disk: MemoryDisk,
  dataDir: string,
  peers: Readonly<Record<string, FakePeer>>,
  state: "new" | "existing",
) {
  const client = fakeClient(peers);
  return EtcdServer.start(
    { ...config, dataDir, initialCluster: initial, advertisePeerUrls: [url3], initialClusterState: state },
    {
      ...{ clock: time, random: seededRandom(1), logger: silentLogger },
      openStore: (dir) => disk.open(dir),
      peers: { client, connect: () => noPeers },
    },
  );
}

/** Stops a server, and advances the clock until its waits time out. */
async function stop(server: EtcdServer): Promise<void> {
  const stopped = server.stop();
  for (let passed = 0; passed < 30; passed++) {
    await turns(2);
    time.advance(100);
  }
  await stopped;
}

test("a joining member waits for a leader, also after a restart, and does not found a cluster", async () => {
  const root = mkdtempSync(joinPath(tmpdir(), "etcd-joining-"));
  const disk = new MemoryDisk();
  const first = await startOn(disk, root, { [url1]: { members: cluster, versions } }, "existing");
  expect(await first.maintenance.status(patient)).toMatchObject({
    header: { memberId: 3n, clusterId: 0xcafen },
    raftIndex: 0,
    leader: 0n,
  });
  await stop(first);

  const nobodyAnswers = {};
  const again = await startOn(disk, root, nobodyAnswers, "existing");
  expect(await again.maintenance.status(patient)).toMatchObject({
    header: { memberId: 3n, clusterId: 0xcafen },
    raftIndex: 0,
  });
  await stop(again);
  await expect(startOn(disk, root, nobodyAnswers, "new")).rejects.toThrow(
    "the raft log was begun for member 3 of cluster cafe, but the initial cluster has changed since",
  );
  rmSync(root, { recursive: true });
});
