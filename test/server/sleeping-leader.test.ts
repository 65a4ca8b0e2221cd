import { afterEach, expect, test } from "vitest";
import type { LeaseId } from "../../src/base/index.js";
import { LeaseGrantRequest } from "../../src/wire/index.js";
import { outcome, patient } from "./member.js";
import { VirtualCluster, type VirtualMember } from "./virtual/cluster.js";

let cluster: VirtualCluster;
afterEach(() => cluster.dispose());

/**
 * More leases than a leader revokes at once. The revocations that wait for their turn could otherwise reach the next
 * leader.
 */
const leases = Array.from({ length: 150 }, (_, at) => BigInt(at + 1) as LeaseId);

function leader(): VirtualMember {
  const { leader: found } = cluster;
  if (found === undefined) throw new Error("nobody leads");
  return found;
}

async function grantAll(ttl: number): Promise<void> {
  for (const id of leases) {
    await cluster.during(leader().server.leases.grant(LeaseGrantRequest.create({ id, ttl }), patient));
  }
}

/** Renews all leases at `member` every 400 ms for `ms`, and returns the outcomes of the renewals. */
async function renewFor(member: VirtualMember, ms: number): Promise<Set<string>> {
  const outcomes = new Set<string>();
  for (let passed = 0; passed < ms; passed += 400) {
    for (const id of leases) void outcome(member.server.leases.renew(id, patient)).then((end) => outcomes.add(end));
    await cluster.advance(400);
  }
  return outcomes;
}

async function held(member: VirtualMember): Promise<number> {
  return (await cluster.during(member.server.leases.list(patient))).leases.length;
}

test("a leader that was paused during an election revokes no lease that is renewed at the next leader", async () => {
  cluster = await VirtualCluster.start(1, 3);
  await grantAll(3);
  const deposed = leader();
  deposed.pause();
  const others = cluster.members.filter((member) => member !== deposed);
  await cluster.until(() => others.some(({ server }) => server.leadership.leading));
  const next = others.find(({ server }) => server.leadership.leading) ?? deposed;
  expect(await renewFor(next, 8_000)).toEqual(new Set(["done"]));
  deposed.resume();
  expect(await renewFor(next, 8_000)).toEqual(new Set(["done"]));
  expect(deposed.server.leadership.leading).toBe(false);
  for (const member of cluster.members) expect(await held(member)).toBe(leases.length);
});

test("a leader that was paused with its whole cluster waits for renewals before it revokes", async () => {
  cluster = await VirtualCluster.start(2, 3);
  await grantAll(3);
  for (const member of cluster.members) member.pause();
  await cluster.advance(20_000);
  // Messages have arrived in the sockets, and the first of them are read after the timers have run.
  for (const member of cluster.members) member.resume();
  await cluster.advance(500);
  await cluster.until(() => cluster.members.some(({ server }) => server.leadership.leading));
  expect(await renewFor(leader(), 8_000)).not.toContain("leaseNotFound");
  for (const member of cluster.members) expect(await held(member)).toBe(leases.length);
});

test("a single member that was paused waits for renewals, and then revokes the leases that got none", async () => {
  cluster = await VirtualCluster.start(3, 1);
  await grantAll(2);
  leader().pause();
  await cluster.advance(30_000);
  leader().resume();
  await cluster.advance(700);
  expect(await renewFor(leader(), 4_000)).toEqual(new Set(["done"]));
  await cluster.advance(4_000);
  expect(await held(leader())).toBe(0);
});

test("a deposed leader that resumes does not answer renewals by itself", async () => {
  cluster = await VirtualCluster.start(4, 3);
  await grantAll(60);
  const deposed = leader();
  const others = cluster.members.filter((member) => member !== deposed);
  cluster.network.isolate(deposed.server.memberId, cluster.ids);
  deposed.pause();
  await cluster.until(() => others.some(({ server }) => server.leadership.leading));
  await cluster.advance(1_000);
  deposed.resume();
  // The member gets ticks again, but no message has told it of the new leader.
  await cluster.advance(250);
  expect(deposed.server.leadership.leading).toBe(true);
  const [id] = leases;
  const renewal = outcome(deposed.server.leases.renew(id ?? (0n as LeaseId), patient));
  expect(await cluster.during(renewal)).not.toBe("done");
});
