import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LeaseId, Random } from "../../src/base/index.js";
import { LeaseTable } from "../../src/lease/lease-table.js";
import { operationsOfRound, testInRounds } from "../support/random-rounds.js";
import { LeasePair } from "./lease-pair.js";

const keys = Array.from({ length: 12 }, (_, at) => `key/${"x".repeat(at)}`);
const aKey = fc.constantFrom(...keys);
const anId = fc.oneof(fc.bigInt({ min: 0n, max: 5n }), fc.constantFrom(-1n, 2n ** 62n)) as fc.Arbitrary<LeaseId>;
const aStep = fc.oneof(
  fc.tuple(fc.constant("grant" as const), anId, fc.constantFrom(2, 9_000_000_000)),
  fc.tuple(fc.constant("revoke" as const), anId, fc.constant(0)),
  fc.tuple(fc.constant("attach" as const), anId, aKey),
  fc.tuple(fc.constant("detach" as const), anId, aKey),
);

/** Grants, revokes and keeps up to thousands of leases, and attaches and detaches keys. */
function round(random: Random): void {
  const pair = new LeasePair();
  const [count, keyCount] = [[5, 300, 5_000][random.int(3)] ?? 0, [10, 300, 5_000][random.int(3)] ?? 0];
  const names = Array.from({ length: keyCount }, (_, at) => `leased/${"x".repeat(random.int(60))}${at}`);
  const ids = Array.from({ length: count }, (_, at) => (at % 2 === 0 ? BigInt(at) : -random.bits64() / 2n) as LeaseId);
  const operationsOfPhase = 2_000 + random.int(20_000);
  for (let at = 0; at < operationsOfRound; at++) {
    const grows = Math.floor(at / operationsOfPhase) % 2 === 0;
    const [id, key] = [ids[random.int(count)] ?? ids[0], names[random.int(keyCount)] ?? ""];
    if (id === undefined) break;
    const kind = random.int(10);
    if (kind < (grows ? 3 : 1)) pair.grant(id, 1 + random.int(2 ** 32));
    else if (kind === 3) pair.revoke(id);
    else if (kind < (grows ? 7 : 5)) pair.attach(key, id);
    else if (kind < 8) pair.detach(key);
    else pair.keep(id, random.int(2 ** 32));
    if (random.int(10_000) === 0) pair.check();
  }
  pair.check();
  pair.clear();
}

describe("leases in flat memory", () => {
  testInRounds("are the same as leases in maps after many random operations", 0.2, round);

  test("are the same as leases in maps", () => {
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 100 }), (steps) => {
        const pair = new LeasePair();
        for (const [what, id, which] of steps) {
          if (what === "grant") pair.grant(id, Number(which));
          else if (what === "revoke") pair.revoke(id);
          else if (what === "attach") pair.attach(String(which), id);
          else pair.detach(String(which));
          pair.check();
        }
      }),
      { numRuns: 200 },
    );
  });

  test("give each of their keys once to a walk, without those that are detached before it reaches them", () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(keys.length - 1)), { maxLength: keys.length }), (detached) => {
        const table = new LeaseTable();
        const lease = table.add(1n as LeaseId, 60);
        for (const key of keys) table.attach(key, lease);
        const left = new Set(keys);
        let at = 0;
        for (const key of table.keys(lease)) {
          expect(left.delete(key)).toBe(true);
          const gone = keys[detached[at++] ?? -1];
          if (gone === undefined) continue;
          table.detach(gone);
          left.delete(gone);
        }
        expect(left.size).toBe(0);
      }),
    );
  });

  test("take 200 bytes with a key of 34 bytes each, and no memory of V8's heap", () => {
    const table = new LeaseTable();
    const count = 100_000;
    for (let at = 1; at <= count; at++) {
      const lease = table.add(BigInt(at) as LeaseId, 60);
      if (at === count / 2) expect(table.bytes / at).toBeLessThan(200);
      table.attach(`services/lock/${String(at).padStart(20, "0")}`, lease);
    }
    expect(table.bytes / count).toBeLessThan(220);
  });

  test("tell how much of their memory is in use", () => {
    const table = new LeaseTable();
    const empty = table.usedBytes;
    const leases = Array.from({ length: 1_000 }, (_, at) => table.add(BigInt(at + 1) as LeaseId, 60));
    const granted = table.usedBytes;
    for (const [at, lease] of leases.entries()) table.attach(`key-${at}`, lease);
    const attached = table.usedBytes;
    expect([granted - empty >= 80_000, attached - granted >= 40_000]).toEqual([true, true]);
    for (const [at, lease] of leases.entries()) {
      table.detach(`key-${at}`);
      table.remove(lease);
    }
    // The tables that find them stay, a few bytes for each.
    expect(table.usedBytes - empty).toBeLessThan(40_000);
  });
});
