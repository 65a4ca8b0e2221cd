import { expect, test } from "vitest";
import { id, kindOf, openBench, refusal } from "./fixtures.js";

const never = new AbortController().signal;

test("no lease expires on a member that is not primary", async () => {
  const { lessor, clock } = await openBench();
  lessor.grant(id(1), 10);
  clock.advance(1e9);
  expect(lessor.expired(10)).toEqual([]);
});

test("a lease expires at the end of its time and not before", async () => {
  const { lessor, clock } = await openBench();
  lessor.promote(0);
  lessor.grant(id(1), 10);
  clock.advance(9_999);
  expect(lessor.expired(10)).toEqual([]);
  clock.advance(1);
  expect(lessor.expired(10)).toEqual([1n]);
});

test("expired() gives the earliest leases first, up to the requested number", async () => {
  const { lessor, clock } = await openBench();
  lessor.promote(0);
  for (const [lease, ttl] of [
    [1, 30],
    [2, 10],
    [3, 20],
  ] as const) {
    lessor.grant(id(lease), ttl);
  }
  clock.advance(60_000);
  expect(lessor.expired(2)).toEqual([2n, 3n]);
  expect(lessor.expired(2)).toEqual([1n]);
});

test("expired() gives a lease again after 3 s until it is revoked", async () => {
  const { lessor, clock } = await openBench();
  lessor.promote(0);
  lessor.grant(id(1), 10);
  clock.advance(10_000);
  expect(lessor.expired(10)).toEqual([1n]);
  clock.advance(2_999);
  expect(lessor.expired(10)).toEqual([]);
  clock.advance(1);
  expect(lessor.expired(10)).toEqual([1n]);
  lessor.revoke(id(1));
  clock.advance(3_000);
  expect(lessor.expired(10)).toEqual([]);
});

test("renew() restarts the time of the lease", async () => {
  const { lessor, clock } = await openBench();
  lessor.promote(0);
  lessor.grant(id(1), 10);
  clock.advance(9_000);
  expect(await lessor.renew(id(1), never)).toBe(10);
  clock.advance(9_999);
  expect(lessor.expired(10)).toEqual([]);
  clock.advance(1);
  expect(lessor.expired(10)).toEqual([1n]);
});

test("renew() is refused on a member that is not primary, and for an unknown lease", async () => {
  const { lessor } = await openBench();
  lessor.grant(id(1), 10);
  await expect(lessor.renew(id(1), never)).rejects.toMatchObject({ kind: "notLeader" });
  lessor.promote(0);
  await expect(lessor.renew(id(2), never)).rejects.toMatchObject({ kind: "leaseNotFound" });
});

for (const { name, act, want } of [
  { name: "leaseNotFound once it is revoked", act: "revoke", want: "leaseNotFound" },
  { name: "notLeader when this member is demoted first", act: "demote", want: "notLeader" },
  { name: "the signal's reason when the caller gives up", act: "abort", want: "gone" },
] as const) {
  test(`renew() of an expired lease waits, and is ${name}`, async () => {
    const { lessor, clock } = await openBench();
    const abort = new AbortController();
    lessor.promote(0);
    lessor.grant(id(1), 10);
    clock.advance(10_000);
    let ended: unknown;
    const renewed = lessor.renew(id(1), abort.signal).catch((error: unknown) => {
      ended = kindOf(error);
    });
    await Promise.resolve();
    expect(ended).toBeUndefined();
    if (act === "revoke") lessor.revoke(id(1));
    else if (act === "demote") lessor.demote();
    else abort.abort("gone");
    await renewed;
    expect(ended).toBe(want);
  });
}

test("promote() gives each lease its whole TTL again plus the extension", async () => {
  const { lessor, clock } = await openBench();
  lessor.promote(0);
  lessor.grant(id(1), 10);
  clock.advance(9_000);
  lessor.demote();
  expect(lessor.primary).toBe(false);
  clock.advance(100_000);
  expect(lessor.expired(10)).toEqual([]);
  lessor.promote(5_000);
  expect(lessor.remainingSeconds(id(1))).toBe(15);
  clock.advance(14_999);
  expect(lessor.expired(10)).toEqual([]);
  clock.advance(1);
  expect(lessor.expired(10)).toEqual([1n]);
});

test("a lease that was revoked on a follower does not expire after its promotion", async () => {
  const { lessor, clock } = await openBench();
  lessor.promote(0);
  lessor.grant(id(1), 10);
  lessor.grant(id(2), 10);
  lessor.demote();
  lessor.revoke(id(1));
  lessor.promote(0);
  clock.advance(10_000);
  expect(lessor.expired(10)).toEqual([2n]);
  expect(refusal(() => lessor.revoke(id(1)))).toBe("leaseNotFound");
});
