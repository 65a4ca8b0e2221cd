import { afterEach, expect, test } from "vitest";
import type { LeaseId } from "../../src/base/index.js";
import { LeaseGrantRequest } from "../../src/wire/index.js";
import { outcome, patient } from "./member.js";
import { VirtualCluster, type VirtualMember } from "./virtual/cluster.js";

let cluster: VirtualCluster;
afterEach(() => cluster.dispose());

/** More than are revoked at once: those that wait for their turn are the ones that reached the next leader. */
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

/** Renews all leases at `member` every 400 ms for so long, and gives how renewals ended. */
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

test("a leader that was stopped while others elected another revokes no lease that is renewed there", async () => {
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

test("a leader that was stopped with its whole cluster waits for renewals before it revokes", async () => {
  cluster = await VirtualCluster.start(2, 3);
  await grantAll(3);
  for (const member of cluster.members) member.pause();
  await cluster.advance(20_000);
  // As they lie in the sockets: the first of them are read after the timers have run.
  for (const member of cluster.members) member.resume();
  await cluster.advance(500);
  await cluster.until(() => cluster.members.some(({ server }) => server.leadership.leading));
  expect(await renewFor(leader(), 8_000)).not.toContain("leaseNotFound");
  for (const member of cluster.members) expect(await held(member)).toBe(leases.length);
});

test("a member that is alone, and was stopped, waits for renewals before it revokes, and revokes then", async () => {
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

test("a deposed leader that wakes up takes no renewal for its own", async () => {
  cluster = await VirtualCluster.start(4, 3);
  await grantAll(60);
  const deposed = leader();
  const others = cluster.members.filter((member) => member !== deposed);
  cluster.network.isolate(deposed.server.memberId, cluster.ids);
  deposed.pause();
  await cluster.until(() => others.some(({ server }) => server.leadership.leading));
  await cluster.advance(1_000);
  deposed.resume();
  // Ticks come again, but nobody has told it yet.
  await cluster.advance(250);
  expect(deposed.server.leadership.leading).toBe(true);
  const [id] = leases;
  const renewal = outcome(deposed.server.leases.renew(id ?? (0n as LeaseId), patient));
  expect(await cluster.during(renewal)).not.toBe("done");
});
