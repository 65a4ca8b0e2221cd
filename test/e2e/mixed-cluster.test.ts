import { expect, test } from "vitest";
import { type ApiLevel, apiLevels } from "../../src/base/index.js";
import type { Event } from "../../src/wire/index.js";
import { TestClient } from "../support/client.js";
import { etcdctl } from "../support/etcdctl.js";
import { askHttp } from "../support/http-client.js";
import { haveReference } from "../support/reference.js";
import type { ServerKind } from "../support/server-process.js";
import { until } from "../support/until.js";
import { type Change, changeOf, everythingFrom } from "./crash/history.js";
import { expectNothingLost, expectOneHash, Load } from "./load.js";
import { type Member, Members } from "./members.js";

// Tests clusters of real etcd members and ours under load. Each member leads once, members that were away get a
// snapshot from a member of the other kind, and in the end only our members are left, with all acknowledged writes, in
// a cluster of their own level. MIXED_CLUSTERS=all runs all mixtures, with ours at each level.

const ready = haveReference(["etcd", "3.4"], ["etcd", "3.5"], ["etcdctl", "3.5"]);
const kv = "etcdserverpb.KV";
const leases = "etcdserverpb.Lease";
const maintenance = "etcdserverpb.Maintenance";

/** The number of entries kept for slow followers. etcd 3.4 always keeps 5,000; for the others there is a flag. */
const entriesBehind: Record<ServerKind, number> = { ours: 400, "etcd 3.5": 400, "etcd 3.4": 5_400 };
const receivedSnapshot: Record<ServerKind, string> = {
  ours: "received and saved database snapshot",
  "etcd 3.5": "received and saved database snapshot",
  "etcd 3.4": "received and saved database snapshot",
};

type FlagsOf = (kind: ServerKind) => readonly string[];

function flagsAt(level: ApiLevel): FlagsOf {
  return (kind) => {
    const catchUp = kind === "etcd 3.4" ? [] : ["--experimental-snapshot-catchup-entries", "50"];
    return ["--snapshot-count", "100", ...catchUp, ...(kind === "ours" ? ["--api-level", level] : [])];
  };
}

const mixtures = [
  { mixture: "two of etcd 3.4 and one of ours", kinds: ["etcd 3.4", "etcd 3.4", "ours"], always: "3.6" },
  { mixture: "one of etcd 3.4 and two of ours", kinds: ["etcd 3.4", "ours", "ours"], always: undefined },
  { mixture: "two of etcd 3.5 and one of ours", kinds: ["etcd 3.5", "etcd 3.5", "ours"], always: undefined },
  { mixture: "one of etcd 3.5 and two of ours", kinds: ["etcd 3.5", "ours", "ours"], always: "3.7" },
] as const;

for (const { mixture, kinds, level, always } of mixtures.flatMap((row) =>
  apiLevels.map((level) => ({ ...row, level })),
)) {
  const chosen = level === always || process.env.MIXED_CLUSTERS === "all";
  const name = `${mixture} at level ${level}`;
  test.runIf(ready && chosen)(
    `${name} send each other snapshots and are replaced by ours`,
    { timeout: 300_000, concurrent: true },
    async () => {
      const flagsOf = flagsAt(level);
      const members = await Members.startWith(flagsOf, kinds);
      const all = [...members.all];
      const load = new Load(endpointsOf(all), 3);
      try {
        await cooperate(all, load, flagsOf);
        const kept = await compact(all);
        for (const member of all) if (member.kind !== "ours") await replace(members, member, load, flagsOf);
        const left = members.all.filter(({ kind }) => kind === "ours");
        expect(left).toHaveLength(3);
        await load.goesOn(50);
        await until(async () => (await clusterVersions(left)).every((version) => version === `${level}.0`));
        await expectNothingLost(endpointsOf(left), load, kept);
        console.log(`${name}: ${load.written.length} writes, at most ${Math.ceil(load.longestGapMs)} ms without one`);
      } catch (error) {
        for (const { kind, process } of members.all)
          console.log(`the end of the log of ${kind}:\n${process.log.slice(-3_000)}`);
        throw error;
      } finally {
        await load.stop();
        await members.stop();
      }
    },
  );
}

function clusterVersions(all: readonly Member[]): Promise<string[]> {
  return Promise.all(
    all.map(async ({ endpoint }) => {
      const { body } = await askHttp(endpoint, { path: "/version", method: "GET" });
      return JSON.parse(body).etcdcluster;
    }),
  );
}

async function cooperate(all: readonly Member[], load: Load, flagsOf: FlagsOf): Promise<void> {
  const watchers = all.map(({ endpoint }) => new Watcher(endpoint));
  await shareLeases(all);
  for (const member of all) await lead(all, member, load);
  await expectSameEvents(watchers);
  await expectSameStatus(all);
  const [theirs, , ours] = all as [Member, Member, Member];
  await lag({ all, leader: ours, away: theirs, load, flagsOf });
  await lag({ all, leader: theirs, away: ours, load, flagsOf });
  await expectNothingLost(endpointsOf(all), load);
}

function endpointsOf(all: readonly Member[]): string[] {
  return all.map(({ endpoint }) => endpoint);
}

/** Transfers leadership to a member, and checks that all members know it and that the load goes on. */
async function lead(all: readonly Member[], leader: Member, load: Load): Promise<void> {
  const client = new TestClient(leader.endpoint);
  const id = (await client.unary(maintenance, "Status")).header?.memberId;
  client.close();
  await until(async () => {
    const current = await leaders(all);
    if (current.every((one) => one === id)) return true;
    await etcdctl("3.5", endpointsOf(all).join(","), ["move-leader", id?.toString(16) ?? ""]);
    return false;
  });
  await load.goesOn(40);
  await expectOneHash(endpointsOf(all));
}

async function leaders(all: readonly Member[]): Promise<(bigint | undefined)[]> {
  return Promise.all(
    all.map(async ({ endpoint }) => {
      const client = new TestClient(endpoint, 3_000);
      const status = await client.unary(maintenance, "Status").catch(() => undefined);
      client.close();
      return status?.leader;
    }),
  );
}

/** Kills a member until the leader's log no longer has the entries that it needs, and restarts it under load. */
async function lag(cast: {
  readonly all: readonly Member[];
  readonly leader: Member;
  readonly away: Member;
  readonly load: Load;
  readonly flagsOf: FlagsOf;
}): Promise<void> {
  const { all, leader, away, load, flagsOf } = cast;
  await lead(all, leader, load);
  await away.kill();
  await load.burst(entriesBehind[leader.kind], 10);
  await away.start(...flagsOf(away.kind));
  await expectOneHash(endpointsOf(all));
  expect(away.process.log, `${away.kind} from ${leader.kind}`).toContain(receivedSnapshot[away.kind]);
  await load.goesOn(30);
}

/** Checks that a lease granted at one member is renewed and revoked at another, with its key. */
async function shareLeases(all: readonly Member[]): Promise<void> {
  const clients = all.map(({ endpoint }) => new TestClient(endpoint, 5_000));
  for (const [at, granting] of clients.entries()) {
    const [using, asked] = [clients[(at + 1) % clients.length], clients[(at + 2) % clients.length]];
    const { id } = await granting.unary(leases, "LeaseGrant", { ttl: 60 });
    await using?.unary(kv, "Put", { key: `leased/${at}`, value: Buffer.from("v"), lease: id });
    await asked?.unary(kv, "Range", { key: `leased/${at}` });
    const found = await asked?.unary(leases, "LeaseTimeToLive", { id, keys: true });
    expect(found).toMatchObject({ grantedTtl: 60, keys: [`leased/${at}`] });
    expect(
      await etcdctl("3.5", all[at]?.endpoint ?? "", ["lease", "keep-alive", "--once", id.toString(16)]),
    ).toMatchObject({
      code: 0,
    });
    await asked?.unary(leases, "LeaseRevoke", { id });
    for (const client of clients) {
      expect((await client.unary(kv, "Range", { key: `leased/${at}` })).count).toBe(0);
    }
  }
  const { id } = await (clients[0] as TestClient).unary(leases, "LeaseGrant", { ttl: 1 });
  await clients[1]?.unary(kv, "Put", { key: "short", value: Buffer.from("v"), lease: id });
  for (const client of clients) {
    await until(async () => (await client.unary(kv, "Range", { key: "short" })).count === 0);
  }
  for (const client of clients) client.close();
}

/** Watches all keys at one member and records the changes in order. */
class Watcher {
  readonly seen: Change[] = [];
  readonly #client: TestClient;
  readonly #stream;

  constructor(endpoint: string) {
    this.#client = new TestClient(endpoint);
    this.#stream = this.#client.stream("etcdserverpb.Watch", "Watch");
    this.#stream.on("data", ({ events }: { events: readonly Event[] }) => this.seen.push(...events.map(changeOf)));
    this.#stream.on("error", () => undefined);
    this.#stream.write({ requestUnion: { case: "createRequest", value: everythingFrom(1) } });
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }
}

async function expectSameEvents(watchers: readonly Watcher[]): Promise<void> {
  const count = Math.max(...watchers.map(({ seen }) => seen.length));
  expect(count).toBeGreaterThan(100);
  await until(async () => watchers.every(({ seen }) => seen.length >= count));
  const [first, ...others] = watchers.map(({ seen }) => seen.slice(0, count));
  for (const other of others) expect(other).toEqual(first);
  for (const watcher of watchers) watcher.close();
}

/** Checks that all members report the same members, leader and term. */
async function expectSameStatus(all: readonly Member[]): Promise<void> {
  const lists = await Promise.all(all.map((member) => member.done("member", "list")));
  expect(new Set(lists).size, lists.join("\n")).toBe(1);
  const statuses = await Promise.all(
    all.map(async (member) => {
      const lines = JSON.parse(await member.done("endpoint", "status", "--cluster", "-w", "json")) as Status[];
      return lines.map(({ Endpoint, Status: { header, version, leader, raftTerm } }) => {
        return { Endpoint, member: header.member_id, cluster: header.cluster_id, version, leader, raftTerm };
      });
    }),
  );
  for (const status of statuses) expect(status).toEqual(statuses[0]);
  expect(new Set(statuses[0]?.map(({ cluster, leader, raftTerm }) => `${cluster} ${leader} ${raftTerm}`)).size).toBe(1);
}

interface Status {
  readonly Endpoint: string;
  readonly Status: {
    readonly header: { readonly member_id: number; readonly cluster_id: number };
    readonly version: string;
    readonly leader: number;
    readonly raftTerm: number;
  };
}

/** Compacts the history. @returns the first revision that is kept */
async function compact(all: readonly Member[]): Promise<number> {
  const client = new TestClient(all[0]?.endpoint ?? "", 5_000);
  const { header } = await client.unary(kv, "Range", { key: "x" });
  const revision = (header?.revision ?? 0) - 50;
  await client.unary(kv, "Compact", { revision, physical: true });
  client.close();
  await until(() => sameHash(endpointsOf(all)));
  return revision + 1;
}

async function sameHash(endpoints: readonly string[]): Promise<boolean> {
  try {
    await expectOneHash(endpoints);
    return true;
  } catch {
    return false; // Some members have compacted already, and the others have not.
  }
}

/** Replaces a real etcd member by one of ours. */
async function replace(members: Members, gone: Member, load: Load, flagsOf: FlagsOf): Promise<void> {
  const present = members.all.filter((member) => member !== gone);
  const [asked] = present as [Member];
  // A change that is proposed while there is no leader is lost, so the removed member must not lead.
  await lead(members.all, asked, load);
  const id = await members.idOf(asked, gone);
  await asked.accepted("member", "remove", id);
  await gone.process.ended();
  members.all.splice(members.all.indexOf(gone), 1);
  load.use(endpointsOf(members.all));
  const name = `instead-of-${gone.name}`;
  const fresh = await members.plan(name, "ours");
  await asked.accepted("member", "add", name, "--peer-urls", fresh.peerUrl);
  await fresh.start(...members.joining(), ...flagsOf("ours"));
  load.use(endpointsOf(members.all));
  await load.goesOn(30);
  await expectOneHash(endpointsOf(members.all));
}
