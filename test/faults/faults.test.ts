import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Random, seededRandom } from "../../src/base/index.js";
import { type Change, readHistory } from "../e2e/crash/history.js";
import type { ServerKind } from "../support/server-process.js";
import { changeRights, use, Witness } from "./clients.js";
import { FaultyCluster } from "./cluster.js";
import { type ClusterSecurity, inTheClear, withTls } from "./security.js";

// Tests three member processes with clients at all of them, while members are killed, paused and cut off. It uses real
// time, since it tests real processes and sockets. FAULTS_SECONDS and FAULTS_SEED set the length and the seed of a run,
// FAULTS_KINDS the servers, for example "etcd 3.5,ours,ours", and FAULTS_MODES "clear", "tls" or both.

const seconds = Number(process.env.FAULTS_SECONDS ?? 30);
const seed = Number(process.env.FAULTS_SEED ?? Math.floor(Math.random() * 1_000_000));
const kinds = (process.env.FAULTS_KINDS ?? "ours,ours,ours").split(",") as ServerKind[];
const chosen = (process.env.FAULTS_MODES ?? "clear,tls").split(",");
const clients = 8;

const modes: readonly { name: string; share: number; secure: () => Promise<ClusterSecurity> }[] = [
  { name: "clear", share: 2 / 3, secure: async () => inTheClear },
  { name: "tls and auth", share: 1 / 3, secure: withTls },
].filter(({ name }) => chosen.some((mode) => name.startsWith(mode)));
const shares = modes.reduce((sum, { share }) => sum + share, 0);

for (const { name, share, secure } of modes) {
  const lasts = Math.round((seconds * share) / shares);
  test(`no write is lost and no linearizable read is stale in ${lasts} s of faults (${name}, seed ${seed})`, {
    // Both modes suffer at the same time.
    concurrent: true,
    timeout: (lasts + 120) * 1000,
  }, async () => {
    const security = await secure();
    try {
      await suffer(security, lasts);
    } finally {
      security.remove();
    }
  });
}

async function suffer(security: ClusterSecurity, lasts: number): Promise<void> {
  const random = seededRandom(seed);
  const cluster = await FaultyCluster.start(kinds, security);
  const witness = new Witness();
  const stop = new AbortController();
  const faults: string[] = [];
  try {
    const users = Array.from({ length: clients }, (_, at) => use(cluster, witness, random, `c${at}`, stop.signal));
    if (security.change !== undefined) users.push(changeRights(cluster, security.change, random, stop.signal));
    const end = performance.now() + lasts * 1000;
    while (performance.now() < end) faults.push(await disturb(cluster, random));
    await wait(2_000);
    stop.abort();
    await Promise.all(users);
    await check(cluster, witness);
    console.log(`${witness.written.length} writes and ${witness.reads} reads through ${faults.length} faults`);
  } catch (error) {
    throw new Error(`${error}\nfaults: ${faults.join(", ")}`, { cause: error });
  } finally {
    await cluster.stop();
  }
}

/** Makes a fault and ends it. */
async function disturb(cluster: FaultyCluster, random: Random): Promise<string> {
  const count = cluster.members.length;
  const leader = await cluster.leader();
  const victim = random.int(2) === 0 ? leader : random.int(count);
  const member = cluster.members[victim];
  const other = (victim + 1 + random.int(count - 1)) % count;
  const lasting = 300 + random.int(2_500);
  const who = `${member?.name}${victim === leader ? " (leader)" : ""}`;
  const choice = random.int(6);
  if (choice === 0) {
    await member?.kill();
    await wait(lasting);
    await member?.start();
  } else if (choice === 1) {
    member?.pause();
    await wait(lasting);
    member?.resume();
  } else if (choice === 2) {
    cluster.partition([victim]);
    await wait(lasting);
  } else if (choice === 3) {
    cluster.cut(victim, other);
    await wait(lasting);
  } else if (choice === 4) {
    cluster.delayMs = 20 + random.int(150);
    await wait(lasting);
  } else {
    const pair = [cluster.members[victim], cluster.members[other]];
    await Promise.all(pair.map((each) => each?.kill()));
    await wait(lasting / 2);
    await Promise.all(pair.map((each) => each?.start()));
  }
  cluster.heal();
  await wait(300 + random.int(1_000));
  const names = ["killed", "paused", "cut off", "cut from one", "slow links", "killed with another"];
  return `${names[choice]} ${who}`;
}

async function check(cluster: FaultyCluster, witness: Witness): Promise<void> {
  expect(witness.stale, "stale reads").toEqual([]);
  const revisions: number[] = [];
  const histories: Map<number, Change[]>[] = [];
  const hashes: number[] = [];
  const rights: unknown[] = [];
  const members = cluster.members.map((member) => member.client(20_000));
  try {
    for (const client of members) {
      const { header } = await client.unary("etcdserverpb.KV", "Range", { key: "key/" });
      revisions.push(header?.revision ?? 0);
    }
    const revision = Math.min(...revisions);
    expect(new Set(revisions).size, "nobody writes any more, so all members stand at one revision").toBe(1);
    for (const client of members) {
      histories.push(await readHistory(client, 2, revision));
      rights.push(await client.unary("etcdserverpb.Auth", "AuthStatus", {}).then(({ authRevision }) => authRevision));
      hashes.push((await client.unary("etcdserverpb.Maintenance", "HashKV", { revision })).hash);
    }
  } finally {
    for (const client of members) client.close();
  }
  expect(new Set(hashes).size, `hashes ${hashes}`).toBe(1);
  expect(new Set(rights).size, `auth revisions ${rights}`).toBe(1);
  const [first, ...others] = histories;
  for (const other of others) expect(other).toEqual(first);
  const lost = witness.written.filter(({ key, value, revision }) => {
    const changes = first?.get(revision) ?? [];
    return !changes.some((change) => change.key === key && change.put?.value === value);
  });
  expect(lost, "acknowledged writes that are gone").toEqual([]);
  expect(witness.written.length).toBeGreaterThan(clients);
}
