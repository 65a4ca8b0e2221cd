import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestClient } from "../support/client.js";
import { haveReference } from "../support/reference.js";
import type { ServerKind } from "../support/server-process.js";
import { until } from "../support/until.js";
import { type Member, Members } from "./members.js";

/** The `endpoint status` of a member. */
interface Standing {
  readonly member: Member;
  readonly leads: boolean;
  readonly applied: number;
}

async function standing(member: Member): Promise<Standing> {
  const [{ Status }] = JSON.parse(await member.done("endpoint", "status", "-w", "json"));
  return {
    member,
    leads: Status.leader === Status.header.member_id,
    applied: Status.raftAppliedIndex,
  };
}

async function leaderOf(...members: readonly Member[]): Promise<Member> {
  let leader: Member | undefined;
  await until(async () => {
    const all = await Promise.all(members.map((member) => standing(member).catch(() => undefined)));
    leader = all.find((one) => one?.leads)?.member;
    return leader !== undefined;
  });
  if (leader === undefined) throw new Error("nobody leads");
  return leader;
}

/** Checks that all members have applied the same entries and have the same history. */
async function agree(...members: readonly Member[]): Promise<void> {
  await until(async () => new Set((await Promise.all(members.map(standing))).map(({ applied }) => applied)).size === 1);
  const hash = async (member: Member): Promise<number> => {
    const [{ HashKV }] = JSON.parse(await member.done("endpoint", "hashkv", "-w", "json"));
    return HashKV.hash;
  };
  expect(new Set(await Promise.all(members.map(hash))).size).toBe(1);
}

async function moveTo(next: Member, members: readonly Member[]): Promise<void> {
  const leader = await leaderOf(...members);
  if (leader === next) return;
  const list = await leader.done("member", "list");
  const id = list
    .split("\n")
    .find((line) => line.includes(`, ${next.name}, `))
    ?.split(",")[0];
  await leader.done("move-leader", id ?? "");
  await until(async () => (await standing(next)).leads);
}

async function fill(member: Member, entries: number): Promise<void> {
  const client = new TestClient(member.endpoint);
  const value = Buffer.from("value");
  let next = 0;
  const writer = async (): Promise<void> => {
    while (next < entries)
      await client.unary("etcdserverpb.KV", "Put", { key: `${member.name}/${next++ % 200}`, value });
  };
  await Promise.all(Array.from({ length: 20 }, writer));
  client.close();
}

describe.runIf(haveReference(["etcdctl", "3.5"]))("three of ours", () => {
  let members: Members;
  beforeAll(async () => {
    members = await Members.start("ours", "ours", "ours");
  });
  afterAll(() => members.stop());

  test("survive the leader's death without the loss of an acknowledged write", async () => {
    const old = await leaderOf(...members.all);
    const others = members.all.filter((member) => member !== old);
    await old.done("put", "before", "it died");
    await old.kill();
    const next = await leaderOf(...others);
    await next.done("put", "after", "it died");
    await old.start("--initial-cluster", members.initialCluster());
    expect(await old.done("get", "--print-value-only", "before")).toBe("it died\n");
    expect(await old.done("get", "--print-value-only", "after")).toBe("it died\n");
    await agree(...members.all);
  });

  test("transfer leadership when the leader is told to stop", async () => {
    const old = await leaderOf(...members.all);
    const others = members.all.filter((member) => member !== old);
    await old.kill("SIGTERM");
    expect(old.process.exitCode).toBe(0);
    expect(old.process.log).toContain("leadership transfer finished");
    const [one] = others;
    await one?.done("put", "handed", "over");
    await old.start("--initial-cluster", members.initialCluster());
    await agree(...members.all);
  });

  test("keep a lease alive through any of them", async () => {
    const [one, other, third] = members.all;
    const id = /lease (\S+) granted/.exec((await one?.done("lease", "grant", "60")) ?? "")?.[1] ?? "";
    for (const member of [one, other, third]) {
      expect(await member?.done("lease", "keep-alive", "--once", id)).toContain("keepalived with TTL(60)");
      expect(await member?.done("lease", "timetolive", id)).toContain("granted with TTL(60s)");
    }
  });
});

const mixes: readonly (readonly ServerKind[])[] = [
  ["etcd 3.5", "etcd 3.5", "ours"],
  ["etcd 3.4", "etcd 3.4", "ours"],
  ["etcd 3.5", "ours", "ours"],
];
const references = [["etcd", "3.4"] as const, ["etcd", "3.5"] as const, ["etcdctl", "3.5"] as const];

describe.runIf(haveReference(...references)).each(mixes)("%s, %s and %s", (...kinds) => {
  const often = ["--snapshot-count", "50", "--experimental-snapshot-catchup-entries", "5"];
  let members: Members;
  beforeAll(async () => {
    members = await Members.start(...kinds);
  });
  afterAll(() => members.stop());

  test("lead in turn, and have the same data", async () => {
    for (const next of members.all) {
      await moveTo(next, members.all);
      for (const member of members.all) await member.done("put", `${next.name}${member.name}`, "put");
    }
    await agree(...members.all);
  });

  test("send each other snapshots, in all combinations of leader and slow member", async () => {
    const initial = ["--initial-cluster", members.initialCluster()];
    const flags = (member: Member) => (member.kind === "etcd 3.4" ? often.slice(0, 2) : often);
    for (const member of members.all) {
      await member.kill();
      await member.start(...initial, ...flags(member));
    }
    const ours = members.all.find(({ kind }) => kind === "ours");
    const real = members.all.find(({ kind }) => kind !== "ours");
    if (ours === undefined || real === undefined) throw new Error("there are some of both");
    for (const { behind, leader } of [
      { behind: real, leader: ours },
      { behind: ours, leader: real },
    ]) {
      await until(async () =>
        (await Promise.allSettled(members.all.map(standing))).every(({ status }) => status === "fulfilled"),
      );
      await moveTo(leader, members.all);
      await behind.kill();
      // etcd 3.4 always keeps 5000 entries in its log.
      await fill(leader, leader.kind === "etcd 3.4" ? 5_300 : 150);
      await behind.start(...initial, ...flags(behind));
      await agree(...members.all);
      expect(behind.process.log).toMatch(/applied snapshot/);
    }
  });
});
