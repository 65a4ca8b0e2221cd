import { expect, test, vi } from "vitest";
import { keyFromText, type LeaseId, ManualClock, Turns } from "../../src/base/index.js";
import { leaseRevokesPerSecond } from "../../src/lease/index.js";
import { leasepb } from "../../src/wire/index.js";
import { clockOfLooks, turnsOfOthers } from "../base/other-work.js";
import { id, leasesOf, makeLessor, openBackend, openBench } from "./fixtures.js";

const never = new AbortController().signal;
const count = 200_000;
const shortLived = 100_000;

test("200,000 leases with a key each can be held, and half of them expire within 30 s of virtual time", async () => {
  const clock = new ManualClock();
  const backend = await openBackend(clock);
  for (let lease = 1; lease <= count; lease++) {
    const key = Buffer.allocUnsafe(8);
    key.writeBigInt64BE(BigInt(lease));
    const ttl = lease <= shortLived ? 60 : 3_600;
    backend.put("lease", key, leasepb.Lease.encode({ id: BigInt(lease), ttl, remainingTtl: 0 }));
  }
  const lessor = makeLessor(backend, clock);
  await lessor.restore();
  for (let lease = 1; lease <= count; lease++) lessor.attach(id(lease), `key/${lease}`);
  // The clock is called after about 30 small steps, and the hundredth call ends the turn.
  const turns = new Turns(clockOfLooks(), 100);
  const promoted = turnsOfOthers(() => turns.run(lessor.promoteInSteps(1_000, turns), () => undefined));
  expect(lessor.primary).toBe(false);
  expect(await promoted).toBeGreaterThan(count / 4_000);
  for (let lease = count; lease > count - shortLived; lease--) await lessor.renew(id(lease), never);

  // The expiries are spread over about 27 s, and the first one is due at 61 s.
  clock.advance(61_000);
  const revoked: LeaseId[] = [];
  let halfSeconds = 0;
  for (; revoked.length < shortLived && halfSeconds < 200; halfSeconds++) {
    for (const lease of lessor.expired(leaseRevokesPerSecond / 2)) {
      if (lessor.lookup(lease)?.keyCount === 1) revoked.push(lease);
      lessor.revoke(lease);
    }
    clock.advance(500);
  }
  expect(halfSeconds / 2).toBeLessThanOrEqual(30);
  expect(revoked.every((lease) => lease <= shortLived)).toBe(true);
  expect(leasesOf(lessor)).toHaveLength(count - shortLived);
});

test("leases and their keys lie in tables of at most 16,384 entries, since a table doubles in one step", async () => {
  const { lessor } = await openBench();
  const [mapSet, setAdd] = [vi.spyOn(Map.prototype, "set"), vi.spyOn(Set.prototype, "add")];
  try {
    for (let lease = 1; lease <= 20_000; lease++) {
      lessor.grant(id(lease), 60);
      lessor.attach(id(lease), keyFromText(`own/${lease}`));
      lessor.attach(id(1), keyFromText(`shared/${lease}`));
    }
    const sizes = [mapSet, setAdd].flatMap(({ mock }) =>
      mock.contexts.map((table) => (table as { size: number }).size),
    );
    expect(Math.max(...new Set(sizes))).toBeLessThanOrEqual(16_384);
  } finally {
    mapSet.mockRestore();
    setAdd.mockRestore();
  }
  expect(lessor.lookup(id(1))?.keyCount).toBe(20_001);
  expect(lessor.leaseOf(keyFromText("own/777"))).toBe(777n);
});
