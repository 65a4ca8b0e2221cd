import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LeaseId } from "../../src/base/index.js";
import { LeaseView } from "../../src/lease/lease.js";
import { LeaseTable, noLease } from "../../src/lease/lease-table.js";

const keys = Array.from({ length: 12 }, (_, at) => `key/${"x".repeat(at)}`);
const aKey = fc.constantFrom(...keys);
const anId = fc.oneof(fc.bigInt({ min: 0n, max: 5n }), fc.constantFrom(-1n, 2n ** 62n)) as fc.Arbitrary<LeaseId>;
const aStep = fc.oneof(
  fc.tuple(fc.constant("grant" as const), anId, fc.constantFrom(2, 9_000_000_000)),
  fc.tuple(fc.constant("revoke" as const), anId, fc.constant(0)),
  fc.tuple(fc.constant("attach" as const), anId, aKey),
  fc.tuple(fc.constant("detach" as const), anId, aKey),
);

interface Modelled {
  readonly id: LeaseId;
  readonly ttlSeconds: number;
  readonly view: LeaseView;
  exists: boolean;
}

describe("leases in flat memory", () => {
  test("are the same as leases in maps", () => {
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 100 }), (steps) => {
        const table = new LeaseTable();
        const leases = new Map<LeaseId, Modelled>();
        const all: Modelled[] = [];
        const leaseOf = new Map<string, Modelled>();
        for (const [what, id, which] of steps) {
          const lease = leases.get(id);
          const row = table.find(id);
          expect(row !== noLease).toBe(lease !== undefined);
          if (what === "grant" && lease === undefined) {
            const view = new LeaseView(table, table.add(id, Number(which)));
            const granted = { id, ttlSeconds: Number(which), view, exists: true };
            leases.set(id, granted);
            all.push(granted);
          } else if (what === "revoke" && lease !== undefined) {
            table.remove(row);
            leases.delete(id);
            lease.exists = false;
          } else if (what === "attach" && lease !== undefined) {
            table.attach(String(which), row);
            leaseOf.set(String(which), lease);
          } else if (what === "detach") {
            table.detach(String(which));
            leaseOf.delete(String(which));
          }
          expect(table.size).toBe(leases.size);
          expect([...table.each()].map((each) => table.id(each)).sort()).toEqual([...leases.keys()].sort());
          for (const { id: leaseId, ttlSeconds, view, exists } of all) {
            const attached = keys.filter((key) => leaseOf.get(key)?.view === view);
            expect([view.id, view.ttlSeconds, view.exists]).toEqual([leaseId, ttlSeconds, exists]);
            expect(view.keys()).toEqual(exists ? attached : []);
            expect(view.keyCount).toBe(exists ? attached.length : 0);
          }
          for (const key of keys) {
            const of = table.leaseOf(key);
            // A revoked lease keeps its row until its last key is detached.
            expect(of === noLease ? undefined : table.id(of)).toBe(leaseOf.get(key)?.id);
          }
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
});
