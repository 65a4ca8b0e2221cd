import { describe, expect, test } from "vitest";
import { Arena } from "../../../src/base/index.js";
import { KeyRecords } from "../../../src/mvcc/keys/key-records.js";

/** A key with the given changes: `2` is a put at revision 2, and `-3` a tombstone at revision 3. */
function keyWith(changes: readonly number[]): { records: KeyRecords; row: number } {
  const records = new KeyRecords(new Arena());
  const [first = 0, ...later] = changes;
  const row = records.add(first, 0, first, 1);
  records.rows.setBytes(row, 10 * first);
  for (const change of later) {
    if (change > 0) records.put(row, change, 0);
    else records.bury(row, -change, 0);
    records.rows.setBytes(row, 10 * Math.abs(change));
  }
  return { records, row };
}

function mainsOf(records: KeyRecords, row: number): number[] {
  return Array.from({ length: records.rows.olderCount(row) + 1 }, (_, position) => records.mainAt(row, position));
}

describe("visibleAt() finds the put that is visible at a revision", () => {
  for (const { changes, seen } of [
    { changes: [2], seen: [0, 0, 2, 2] },
    { changes: [2, 4], seen: [0, 0, 2, 2, 4, 4] },
    { changes: [2, -4], seen: [0, 0, 2, 2, 0, 0] },
    { changes: [2, 3, -4, 6, -7, 9], seen: [0, 0, 2, 3, 0, 0, 6, 0, 0, 9, 9] },
  ]) {
    test(`${changes}`, () => {
      const { records, row } = keyWith(changes);
      const found = seen.map((_, revision) => {
        const position = records.visibleAt(row, revision);
        return position < 0 ? 0 : records.mainAt(row, position);
      });
      expect(found).toEqual(seen);
    });
  }
});

describe("compact() keeps puts visible at the revision or later, and a tombstone at the revision itself", () => {
  for (const { changes, at, outcome, left } of [
    { changes: [2], at: 1, outcome: "untouched", left: [2] },
    { changes: [2], at: 2, outcome: "kept", left: [2] },
    { changes: [2, 4, 6], at: 3, outcome: "kept", left: [2, 4, 6] },
    { changes: [2, 4, 6], at: 4, outcome: "kept", left: [4, 6] },
    { changes: [2, 4, 6], at: 9, outcome: "kept", left: [6] },
    { changes: [2, -4], at: 3, outcome: "kept", left: [2, 4] },
    { changes: [2, -4], at: 4, outcome: "kept", left: [4] },
    { changes: [2, -4], at: 5, outcome: "gone", left: [] },
    { changes: [2, -4, 6], at: 3, outcome: "kept", left: [2, 4, 6] },
    { changes: [2, -4, 6], at: 4, outcome: "kept", left: [4, 6] },
    { changes: [2, -4, 6], at: 5, outcome: "untouched", left: [6] },
    { changes: [2, -4, 6], at: 6, outcome: "kept", left: [6] },
    { changes: [2, 3, -4, 6, 7, -8], at: 6, outcome: "kept", left: [6, 7, 8] },
    { changes: [2, 3, -4, 6, 7, -8], at: 8, outcome: "kept", left: [8] },
    { changes: [2, 3, -4, 6, 7, -8], at: 9, outcome: "gone", left: [] },
  ]) {
    test(`${changes} at ${at}: ${outcome}`, () => {
      const { records, row } = keyWith(changes);
      const dropped: number[] = [];
      const outcomeOf = records.compact(row, at, (main, sub, isTombstone, bytes) => {
        expect([sub, bytes]).toEqual([0, 10 * main]);
        dropped.push(isTombstone ? -main : main);
      });
      expect(outcomeOf).toBe(outcome);
      expect(dropped).toEqual(changes.slice(0, changes.length - left.length));
      if (outcome === "gone") return;
      expect(mainsOf(records, row)).toEqual(left);
      for (const main of [2, 3, 4, 6, 7, 8]) expect(records.has(row, main, 0)).toBe(left.includes(main));
    });
  }
});

test("a new generation begins with version 1, and continues its count after a compaction", () => {
  const { records, row } = keyWith([2, 3, -4]);
  const { rows } = records;
  expect([records.alive(row), rows.version(row), rows.createRevision(row)]).toEqual([false, 0, 0]);
  records.put(row, 6, 0);
  records.put(row, 7, 3);
  expect([records.alive(row), rows.version(row), rows.createRevision(row)]).toEqual([true, 2, 6]);
  records.compact(row, 7, () => undefined);
  records.put(row, 9, 1);
  expect([rows.version(row), rows.createRevision(row), rows.main(row), rows.sub(row)]).toEqual([3, 6, 9, 1]);
  expect([records.mainAt(row, 0), records.subAt(row, 0)]).toEqual([7, 3]);
});

test("revisions above 32 bits, and lease ids of 64 bits, are kept exactly", () => {
  const records = new KeyRecords(new Arena());
  const { rows } = records;
  const big = 2 ** 52;
  const row = records.add(big, 2 ** 31 - 1, big, big - 1);
  records.bury(row, big + 1, 7);
  records.put(row, big + 2, 0);
  expect([records.mainAt(row, 0), records.subAt(row, 0), records.visibleAt(row, big)]).toEqual([big, 2 ** 31 - 1, 0]);
  expect([records.mainAt(row, 1), records.subAt(row, 1), records.visibleAt(row, big + 1)]).toEqual([big + 1, 7, -1]);
  for (const leaseId of [1n, 0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n]) {
    rows.setLeaseId(row, leaseId);
    expect(rows.leaseId(row)).toBe(leaseId);
  }
  expect([rows.main(row), rows.sub(row), rows.createRevision(row)]).toEqual([big + 2, 0, big + 2]);
});

test("a key with 100,000 older records takes 16 bytes for each, and a quarter more", () => {
  const arena = new Arena();
  const records = new KeyRecords(arena);
  const row = records.add(2, 0, 2, 1);
  for (let main = 3; main < 100_003; main++) records.put(row, main, 0);
  expect(records.rows.olderCount(row)).toBe(100_000);
  for (const at of [2, 3, 77_777, 100_001]) expect(records.mainAt(row, records.visibleAt(row, at))).toBe(at);
  expect(arena.usedBytes).toBeLessThanOrEqual(1.25 * 16 * 100_000);
  while (records.compact(row, 90_000, () => undefined) === "more");
  expect(mainsOf(records, row).slice(0, 2)).toEqual([90_000, 90_001]);
  expect(arena.usedBytes).toBeLessThanOrEqual(1.25 * 16 * 10_003);
});

test("the memory of a key that is gone is used again", () => {
  const arena = new Arena();
  const records = new KeyRecords(arena);
  const rows = new Set<number>();
  for (let round = 0; round < 1000; round++) {
    const row = records.add(2, 0, 2, 1);
    rows.add(row);
    for (let main = 3; main < 30; main++) records.put(row, main, 0);
    expect([records.rows.leaseId(row), records.rows.cachePlace(row)]).toEqual([0n, 0]);
    records.remove(row);
  }
  expect([rows.size, arena.usedBytes]).toEqual([1, 0]);
});
