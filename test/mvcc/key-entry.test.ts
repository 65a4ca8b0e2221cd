import { describe, expect, test } from "vitest";
import { KeyEntry } from "../../src/mvcc/key-entry.js";

/** An entry with the given changes: `2` is a put at revision 2, and `-3` a tombstone at revision 3. */
function entryOf(changes: readonly number[]): KeyEntry {
  const [first = 0, ...later] = changes;
  const entry = new KeyEntry(first, 0, first, 1);
  entry.bytes = 10 * first;
  for (const change of later) {
    if (change > 0) entry.put(change, 0);
    else entry.bury(-change, 0);
    entry.bytes = 10 * Math.abs(change);
  }
  return entry;
}

function recordsOf(entry: KeyEntry): number[] {
  return Array.from({ length: entry.olderCount + 1 }, (_, position) => entry.mainAt(position));
}

describe("visibleAt() finds the put that is visible at a revision", () => {
  for (const { changes, seen } of [
    { changes: [2], seen: [0, 0, 2, 2] },
    { changes: [2, 4], seen: [0, 0, 2, 2, 4, 4] },
    { changes: [2, -4], seen: [0, 0, 2, 2, 0, 0] },
    { changes: [2, 3, -4, 6, -7, 9], seen: [0, 0, 2, 3, 0, 0, 6, 0, 0, 9, 9] },
  ]) {
    test(`${changes}`, () => {
      const entry = entryOf(changes);
      const found = seen.map((_, revision) => {
        const position = entry.visibleAt(revision);
        return position < 0 ? 0 : entry.mainAt(position);
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
      const entry = entryOf(changes);
      const dropped: number[] = [];
      const outcomeOf = entry.compact(at, (main, sub, isTombstone, bytes) => {
        expect([sub, bytes]).toEqual([0, 10 * main]);
        dropped.push(isTombstone ? -main : main);
      });
      expect(outcomeOf).toBe(outcome);
      expect(dropped).toEqual(changes.slice(0, changes.length - left.length));
      if (outcome !== "gone") expect(recordsOf(entry)).toEqual(left);
      if (outcome !== "gone")
        for (const main of [2, 3, 4, 6, 7, 8]) expect(entry.has(main, 0)).toBe(left.includes(main));
    });
  }
});

test("a new generation begins with version 1, and continues its count after a compaction", () => {
  const entry = entryOf([2, 3, -4]);
  expect([entry.alive, entry.version, entry.createRevision]).toEqual([false, 0, 0]);
  entry.put(6, 0);
  entry.put(7, 3);
  expect([entry.alive, entry.version, entry.createRevision]).toEqual([true, 2, 6]);
  entry.compact(7, () => undefined);
  entry.put(9, 1);
  expect([entry.version, entry.createRevision, entry.main, entry.sub]).toEqual([3, 6, 9, 1]);
  expect([entry.mainAt(0), entry.subAt(0)]).toEqual([7, 3]);
});

test("sub revisions and revisions above 32 bits are kept exactly", () => {
  const big = 2 ** 40;
  const entry = new KeyEntry(big, 2 ** 33, big, 1);
  entry.bury(big + 1, 2 ** 33 + 1);
  entry.put(big + 2, 0);
  expect([entry.mainAt(0), entry.subAt(0), entry.visibleAt(big)]).toEqual([big, 2 ** 33, 0]);
  expect([entry.mainAt(1), entry.subAt(1), entry.visibleAt(big + 1)]).toEqual([big + 1, 2 ** 33 + 1, -1]);
});
