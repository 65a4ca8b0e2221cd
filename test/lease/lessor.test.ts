import { describe, expect, test } from "vitest";
import { finish, keyFromText, ManualClock, unboundedWork } from "../../src/base/index.js";
import { leasepb } from "../../src/wire/index.js";
import { id, leasesOf, makeLessor, openBackend, openBench, refusal } from "./fixtures.js";

for (const { name, ttl, want } of [
  { name: "gives the requested TTL", ttl: 60, want: 60 },
  { name: "gives the minimum for a lower TTL", ttl: 1, want: 2 },
  { name: "gives the minimum for 0", ttl: 0, want: 2 },
  { name: "gives the minimum for a negative TTL", ttl: -1, want: 2 },
  { name: "gives the maximum TTL", ttl: 9_000_000_000, want: 9_000_000_000 },
] as const) {
  test(`grant() ${name}`, async () => {
    const { lessor } = await openBench();
    expect(lessor.grant(id(7), ttl).ttlSeconds).toBe(want);
    expect(lessor.lookup(id(7))?.ttlSeconds).toBe(want);
  });
}

for (const { name, lease, ttl, want } of [
  { name: "id 0", lease: 0, ttl: 60, want: "leaseNotFound" },
  { name: "more than the maximum TTL", lease: 8, ttl: 9_000_000_001, want: "leaseTtlTooLarge" },
  { name: "an id that is in use", lease: 7, ttl: 60, want: "leaseExists" },
] as const) {
  test(`grant() refuses ${name} and changes nothing`, async () => {
    const { lessor, backend } = await openBench();
    lessor.grant(id(7), 10);
    const before = await backend.hash();
    expect(refusal(() => lessor.grant(id(lease), ttl))).toBe(want);
    expect(leasesOf(lessor).map((each) => each.id)).toEqual([7n]);
    expect(await backend.hash()).toBe(before);
  });
}

for (const { lease, hex } of [
  { lease: 0x0123_4567n, hex: "0000000001234567" },
  { lease: -7n, hex: "fffffffffffffff9" },
] as const) {
  test(`a lease with id ${lease} is stored under ${hex} with etcd's bytes`, async () => {
    const { lessor, backend } = await openBench();
    lessor.grant(id(lease), 60);
    const stored = backend.get("lease", Buffer.from(hex, "hex"));
    expect(stored).toBeDefined();
    expect(Buffer.from(stored ?? []).toString("hex")).toBe(
      Buffer.from(leasepb.Lease.encode({ id: lease, ttl: 60, remainingTtl: 0 })).toString("hex"),
    );
  });
}

test("a revoked lease leaves no record, and returns its keys", async () => {
  const { lessor, backend } = await openBench();
  lessor.grant(id(1), 60);
  lessor.grant(id(2), 60);
  for (const key of ["b", "\u00ff", "a", keyFromText("ü")]) lessor.attach(id(1), key);
  lessor.attach(id(2), "other");
  const lease = lessor.lookup(id(1));
  const keys = ["a", "b", "\u00c3\u00bc", "\u00ff"];
  expect([lease?.keyCount, lease?.keys()]).toEqual([4, keys]);
  expect(lease && finish(lease.keysInSteps(unboundedWork))).toEqual(keys);
  lessor.revoke(id(1));
  expect(lessor.lookup(id(1))).toBeUndefined();
  for (const key of keys) lessor.detach(key);
  expect(lessor.leaseOf("a")).toBe(0n);
  expect(lessor.leaseOf("other")).toBe(2n);
  expect(backend.get("lease", Buffer.from("0000000000000001", "hex"))).toBeUndefined();
  expect(refusal(() => lessor.revoke(id(1)))).toBe("leaseNotFound");
});

test("attach() moves a key from one lease to the other", async () => {
  const { lessor } = await openBench();
  lessor.grant(id(1), 60);
  lessor.grant(id(2), 60);
  for (const key of ["x", "y"]) expect(lessor.attach(id(1), key)).toBe(true);
  lessor.attach(id(2), "x");
  lessor.attach(id(2), "x");
  expect(lessor.lookup(id(1))?.keys()).toEqual(["y"]);
  expect(lessor.lookup(id(2))?.keys()).toEqual(["x"]);
  expect(lessor.leaseOf("x")).toBe(2n);
});

test("attach() fails for an unknown lease, and the key keeps its lease", async () => {
  const { lessor } = await openBench();
  lessor.grant(id(1), 60);
  lessor.attach(id(1), "x");
  expect(lessor.attach(id(2), "x")).toBe(false);
  expect(lessor.leaseOf("x")).toBe(1n);
});

test("detach() detaches a key, and ignores a key without a lease", async () => {
  const { lessor } = await openBench();
  lessor.grant(id(1), 60);
  for (const key of ["a", "b", "c"]) lessor.attach(id(1), key);
  for (const key of ["b", "b", "nowhere"]) lessor.detach(key);
  expect(lessor.lookup(id(1))?.keys()).toEqual(["a", "c"]);
  for (const key of ["a", "c"]) lessor.detach(key);
  expect(lessor.lookup(id(1))?.keys()).toEqual([]);
});

test("restore() loads the leases, and raises lower TTLs to the minimum", async () => {
  const clock = new ManualClock();
  const backend = await openBackend(clock);
  for (const [lease, ttl, remainingTtl] of [
    [1n, 1, 0],
    [-2n, 100, 30],
  ] as const) {
    const key = Buffer.alloc(8);
    key.writeBigInt64BE(lease);
    backend.put("lease", key, leasepb.Lease.encode({ id: lease, ttl, remainingTtl }));
  }
  const lessor = makeLessor(backend, clock);
  await lessor.restore();
  lessor.promote(0);
  expect(leasesOf(lessor).map((lease) => [lease.id, lease.ttlSeconds, lessor.remainingSeconds(lease.id)])).toEqual([
    [1n, 2, 2],
    [-2n, 100, 30],
  ]);
});

test("replaceWith() takes over another lessor's leases and its backend", async () => {
  const { lessor, clock, backend: before } = await openBench();
  const backend = await openBackend(clock);
  const other = makeLessor(backend, clock);
  other.grant(id(1), 10);
  lessor.replaceWith(other);
  lessor.revoke(id(1));
  lessor.grant(id(2), 10);
  const stored = async (from: typeof before) => (await from.scan("lease", Buffer.alloc(0), undefined, 10)).length;
  expect([leasesOf(lessor).map((lease) => lease.id), await stored(backend), await stored(before)]).toEqual([
    [2n],
    1,
    0,
  ]);
});

for (const { name, afterMs, want } of [
  { name: "the whole TTL at first", afterMs: 0, want: 10 },
  { name: "rounded down to seconds", afterMs: 1, want: 9 },
  { name: "0 in the last second", afterMs: 9_500, want: 0 },
  { name: "0 in the first second after the expiry", afterMs: 10_500, want: 0 },
  { name: "negative until the lease is revoked", afterMs: 12_000, want: -2 },
] as const) {
  test(`remainingSeconds() is ${name}`, async () => {
    const { lessor, clock } = await openBench();
    lessor.promote(0);
    lessor.grant(id(1), 10);
    clock.advance(afterMs);
    expect(lessor.remainingSeconds(id(1))).toBe(want);
  });
}

test("remainingSeconds() is undefined for an unknown lease and on a member that is not primary", async () => {
  const { lessor } = await openBench();
  lessor.grant(id(1), 10);
  expect(lessor.remainingSeconds(id(1))).toBeUndefined();
  lessor.promote(0);
  expect(lessor.remainingSeconds(id(2))).toBeUndefined();
});

test("leasesInSteps() on the primary gives leases in the order of their expiry", async () => {
  const { lessor } = await openBench();
  lessor.promote(0);
  for (const [lease, ttl] of [
    [1, 30],
    [2, 10],
    [3, 20],
  ] as const) {
    lessor.grant(id(lease), ttl);
  }
  expect(leasesOf(lessor).map((lease) => lease.id)).toEqual([2n, 3n, 1n]);
});

describe("between the steps of a promotion", () => {
  /** A promotion whose steps end after each lease. */
  async function promoting() {
    const bench = await openBench();
    for (const lease of [1, 2, 3]) bench.lessor.grant(id(lease), 10);
    const steps = bench.lessor.promoteInSteps(5_000, { over: () => true });
    steps.next();
    return { ...bench, steps };
  }

  test("no lease is renewed or expires", async () => {
    const { lessor, clock, steps } = await promoting();
    for (let step = 0; step < 8; step++) steps.next();
    clock.advance(60_000);
    expect(lessor.primary).toBe(false);
    expect(lessor.expired(10)).toEqual([]);
    await expect(lessor.renew(id(1), new AbortController().signal)).rejects.toMatchObject({ kind: "notLeader" });
  });

  test("leases are granted and revoked, and expire in time", async () => {
    const { lessor, clock, steps } = await promoting();
    lessor.revoke(id(1));
    for (let step = 0; step < 7; step++) steps.next();
    lessor.grant(id(4), 100);
    lessor.revoke(id(2));
    finish(steps);
    expect(lessor.primary).toBe(true);
    clock.advance(15_000);
    expect(lessor.expired(10)).toEqual([3n]);
    expect(lessor.remainingSeconds(id(4))).toBeGreaterThanOrEqual(85);
  });

  test("a demotion ends the promotion, and only the next promotion counts", async () => {
    const { lessor, steps } = await promoting();
    lessor.demote();
    finish(steps);
    expect(lessor.primary).toBe(false);
    lessor.promote(0);
    expect(lessor.remainingSeconds(id(1))).toBe(10);
  });
});
