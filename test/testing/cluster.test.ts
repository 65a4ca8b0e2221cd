import { afterEach, expect, test } from "vitest";
import { Client } from "../../src/client/index.js";
import { startCluster, type TestCluster } from "../../src/testing/index.js";

let cluster: TestCluster | undefined;

async function started(options: Parameters<typeof startCluster>[0] = {}): Promise<TestCluster> {
  cluster = await startCluster(options);
  return cluster;
}

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

/** Moves the clock until the cluster has another leader. */
async function newLeader(of: TestCluster, than: string): Promise<string> {
  for (let waited = 0; waited < 200; waited++) {
    if (of.leader !== undefined && of.leader !== than) return of.leader;
    await of.clock.advance(100);
  }
  throw new Error("no new leader within 20 s of the clock");
}

test("three members agree, and a killed leader is replaced", async () => {
  const three = await started();
  const client = three.client();
  await client.text.put("a", "1");
  const { leader = "" } = three;
  await three.kill(leader);
  expect(await newLeader(three, leader)).not.toBe(leader);
  await client.text.put("a", "2");
  await three.restart(leader);
  expect(await three.client({ members: [leader] }).text.get("a")).toBe("2");
});

test("a leader without the majority is replaced, and follows again when the network heals", async () => {
  const three = await started();
  const { leader = "", names } = three;
  const others = names.filter((name) => name !== leader);
  await three.partition([leader], others);
  await newLeader(three, leader);
  await three.client({ members: others }).text.put("a", "1");
  const cutOff = three.client({ members: [leader], callTimeoutMs: 1_000 }).text.get("a");
  await Promise.all([expect(cutOff).rejects.toMatchObject({ code: 4 }), three.clock.advance(2_000)]);
  await three.heal();
  await three.clock.advance(2_000);
  expect(await three.client({ members: [leader] }).text.get("a")).toBe("1");
});

test("a partition replaces the one before", async () => {
  const three = await started();
  const { leader = "", names } = three;
  const [one = "", other = ""] = names.filter((name) => name !== leader);
  await three.partition([leader], [one, other]);
  const second = await newLeader(three, leader);
  const third = second === one ? other : one;
  await three.partition([second], [leader, third]);
  expect([leader, third]).toContain(await newLeader(three, second));
  await three.client({ members: [leader, third] }).text.put("a", "1");
});

test("the leadership moves to a named member", async () => {
  const three = await started();
  const target = three.names.find((name) => name !== three.leader) ?? "";
  await three.moveLeader(target);
  expect(three.leader).toBe(target);
});

test("a paused leader is replaced, and answers when it goes on", async () => {
  const three = await started();
  const { leader = "" } = three;
  await three.pause(leader);
  const answer = three.client({ members: [leader] }).text.get("a");
  await newLeader(three, leader);
  await three.resume(leader);
  await three.clock.advance(2_000);
  expect(await answer).toBeUndefined();
});

test("a lease ends when the clock is advanced, and not before", async () => {
  const three = await started();
  const client = three.client();
  const { id } = await client.grantLease({ ttl: 60 });
  await client.text.put("held", "1", { lease: id });
  await three.clock.advance(55_000);
  expect(await client.text.get("held")).toBe("1");
  await three.clock.advance(10_000);
  expect(await client.text.get("held")).toBeUndefined();
});

test("a member whose disk is full stops, and goes on when there is room", async () => {
  const three = await started();
  const { leader = "" } = three;
  const [follower = ""] = three.names.filter((name) => name !== leader);
  three.disk(follower).fill();
  const { failed } = three.member(follower);
  await three.client({ members: [leader] }).text.put("a", "1");
  await three.clock.advance(1_000);
  expect((await failed).message).toContain("ENOSPC");
  three.disk(follower).repair();
  await three.restart(follower);
  await three.clock.advance(1_000);
  expect(await three.client({ members: [follower] }).text.get("a")).toBe("1");
});

test("messages of a slow member arrive late", async () => {
  const three = await started();
  for (const name of three.names) three.slow(name, { latencyMs: 50 });
  const startedAt = three.clock.now();
  const put = three.client({ members: [three.leader ?? ""] }).text.put("a", "1");
  let done = false;
  const end = (): void => {
    done = true;
  };
  put.then(end, end);
  while (!done) await three.clock.advance(10);
  await put;
  expect(three.clock.now() - startedAt).toBeGreaterThan(100);
});

test("with listen, other programs reach the members at real ports", async () => {
  const three = await started({ listen: true });
  expect(three.endpoints).toHaveLength(3);
  await using client = new Client({ endpoints: three.endpoints });
  await client.text.put("a", "1");
  expect(await client.text.get("a")).toBe("1");
});
