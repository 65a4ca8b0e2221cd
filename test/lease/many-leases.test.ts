import { expect, test } from "vitest";
import { type LeaseId, ManualClock } from "../../src/base/index.js";
import { leaseRevokesPerSecond } from "../../src/lease/index.js";
import { leasepb } from "../../src/wire/index.js";
import { id, leasesOf, makeLessor, openBackend } from "./fixtures.js";

const never = new AbortController().signal;
const count = 1_000_000;
const shortLived = 100_000;

test("a million leases with a key each are held, and a tenth of them expires together within 30 s", async () => {
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
  const start = performance.now();
  lessor.promote(1_000);
  // The event loop stands still meanwhile: it must not cost a leader its followers.
  expect(performance.now() - start).toBeLessThan(2_000);
  for (let lease = count; lease > count - shortLived; lease--) await lessor.renew(id(lease), never);

  // The pile is spread over some 27 s, the first of it due at 61 s.
  clock.advance(61_000);
  const revoked: LeaseId[] = [];
  let turns = 0;
  for (; revoked.length < shortLived && turns < 200; turns++) {
    for (const lease of lessor.expired(leaseRevokesPerSecond / 2)) {
      if (lessor.lookup(lease)?.keyCount === 1) revoked.push(lease);
      lessor.revoke(lease);
    }
    clock.advance(500);
  }
  expect(turns / 2).toBeLessThanOrEqual(30);
  expect(revoked.every((lease) => lease <= shortLived)).toBe(true);
  expect(leasesOf(lessor)).toHaveLength(count - shortLived);
});
