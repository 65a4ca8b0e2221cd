import { type Random, seededRandom } from "../../src/base/index.js";
import { SimCluster, type SimMember } from "./cluster.js";
import { fair } from "./network.js";
import { Workload } from "./workload.js";

export interface Outcome {
  readonly acknowledged: number;
  readonly refused: number;
  readonly leaderChanges: number;
  readonly snapshotsInstalled: number;
  /** What the run came to, for comparing it with another one of the same seed. */
  readonly hash: number;
}

const faultyMs = 12_000;
/** Longer than a request may wait. */
const healingMs = 9_000;

/** Runs a cluster through faults that are drawn from a seed, with clients all the time, and checks what they were told. */
export async function chaos(seed: number): Promise<Outcome> {
  const random = seededRandom(seed);
  const size = [3, 3, 3, 5][random.int(4)] ?? 3;
  const snapshotCount = [20, 60, 10_000][random.int(3)] ?? 20;
  const cluster = await SimCluster.start(seed, size, { snapshotCount, snapshotCatchUpEntries: 5 });
  try {
    const workload = new Workload(cluster, random);
    for (let passed = 0; passed < faultyMs; passed += 50) {
      if (random.int(12) === 0) await disturb(cluster, random);
      workload.step();
      if (random.int(2) === 0) workload.step();
      await cluster.advance(50);
    }
    await heal(cluster, workload);
    await workload.check();
    const [hash] = await Promise.all(cluster.running.map((server) => server.hashKv(0)));
    const changes = cluster.running.map(({ metrics }) => metrics.leaderChanges);
    const { acknowledged, refused } = workload;
    const snapshotsInstalled = cluster.said.get("applied snapshot") ?? 0;
    return {
      ...{ acknowledged, refused, snapshotsInstalled },
      leaderChanges: Math.max(...changes),
      hash: hash?.hash ?? 0,
    };
  } finally {
    await cluster.dispose();
  }
}

/** One thing goes wrong, or is put right. */
async function disturb(cluster: SimCluster, random: Random): Promise<void> {
  const { members, network } = cluster;
  const member = members[random.int(members.length)];
  if (member === undefined) return;
  switch (random.int(8)) {
    case 0:
      if (member.running !== undefined && member !== lastRunning(cluster)) member.kill();
      return;
    case 1:
      for (const down of members.filter(({ running }) => running === undefined)) await down.start();
      return;
    case 2:
      if (member.running !== undefined) network.isolate(member.server.memberId, cluster.ids);
      return;
    case 3:
      if (cluster.leader !== undefined) network.isolate(cluster.leader.server.memberId, cluster.ids);
      return;
    case 4: {
      const other = members[random.int(members.length)];
      if (member.running && other?.running) network.cut(member.server.memberId, other.server.memberId);
      return;
    }
    case 5:
      network.weather = {
        lossPerMille: random.int(200),
        twicePerMille: random.int(200),
        delayMsMax: 1 + random.int(150),
      };
      return;
    default:
      network.heal();
      network.weather = fair;
  }
}

/** All members may be down at once, but somebody should be there to be asked. */
function lastRunning({ members }: SimCluster): SimMember | undefined {
  const running = members.filter((member) => member.running !== undefined);
  return running.length === 1 ? running[0] : undefined;
}

async function heal(cluster: SimCluster, workload: Workload): Promise<void> {
  cluster.network.heal();
  cluster.network.weather = fair;
  for (const { running, start } of cluster.members.map((member) => ({
    running: member.running,
    start: () => member.start(),
  }))) {
    if (running === undefined) await start();
  }
  await cluster.advance(healingMs);
  await cluster.until(() => workload.pending === 0);
  await cluster.until(() => {
    const applied = cluster.running.map((server) => server.status().raftAppliedIndex);
    return cluster.leader !== undefined && new Set(applied).size === 1;
  });
}
