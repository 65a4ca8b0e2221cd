import { expect, test } from "vitest";
import { type LeaseId, ManualClock, Turns } from "../../src/base/index.js";
import { leaseRevokesPerSecond } from "../../src/lease/index.js";
import { leasepb } from "../../src/wire/index.js";
import { clockOfLooks, turnsOfOthers } from "../base/other-work.js";
import { id, leasesOf, makeLessor, openBackend } from "./fixtures.js";

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
