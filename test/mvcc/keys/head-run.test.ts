import fc from "fast-check";
import { expect, test } from "vitest";
import { HeadRun } from "../../../src/mvcc/keys/head-run.js";
import { KeyIndex } from "../../../src/mvcc/keys/key-index.js";
import { recordsOf } from "../checkpoint/looked-at.js";

/** Names that share beginnings of any length, end where others go on, and have all kinds of bytes. */
const piece = fc.constantFrom("", "\0", "a", "b", "\xff", "aaaa", "aaab", "/registry/pods/", "x".repeat(300));
const name = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));

function add(run: HeadRun, key: string): number {
  const bytes = Buffer.from(`>${key}<`, "latin1");
  return run.add(bytes, 1, bytes.length - 1);
}

test("a run is sorted by the bytes of its keys, and equal keys keep their order", () => {
  const run = new HeadRun();
  fc.assert(
    fc.property(fc.array(name, { maxLength: 200 }), fc.boolean(), (names, clears) => {
      if (clears) run.clear();
      for (const key of names) add(run, key);
      const keys = Array.from({ length: run.count }, (_, at) => run.key(at));
      const wanted = keys.map((_, at) => at).sort((one, other) => compare(keys, one, other));
      expect([...run.sorted()]).toEqual(wanted);
    }),
  );
});

function compare(keys: readonly string[], one: number, other: number): number {
  const [left, right] = [keys[one] ?? "", keys[other] ?? ""];
  return left < right ? -1 : left > right ? 1 : one - other;
}

test("a run has room for 65,536 changes, or for names of some megabytes", () => {
  const run = new HeadRun();
  while (run.hasRoom(2)) add(run, "k");
  expect([run.count, run.hasRoom(1)]).toEqual([65_535, true]);
  add(run, "k");
  expect(run.hasRoom(1)).toBe(false);
  expect([run.count, run.sorted()[65_535]]).toEqual([65_536, 65_535]);
  run.clear();
  while (run.hasRoom(1)) add(run, "k".repeat(1024 * 1024));
  expect(run.count).toBe(4);
  expect(run.key(3).length).toBe(1024 * 1024);
});

type Change = { readonly key: string; readonly deletes: boolean; readonly leaseId: bigint };
const change: fc.Arbitrary<Change> = fc.record({
  key: fc.oneof(
    name,
    fc.nat({ max: 400 }).map((at) => `key/${(7919 * at) % 401}`),
  ),
  deletes: fc.boolean(),
  leaseId: fc.constantFrom(0n, 0n, 5n, -1n),
});

/** Does the changes one by one, as a store does that writes them; and notes them down as they are stored. */
function written(changes: readonly Change[]) {
  const index = new KeyIndex();
  const { rows } = index.records;
  const stored = changes.flatMap(({ key, deletes, leaseId }, at) => {
    const [main, sub] = [2 + (at >>> 2), at & 3];
    let row = index.get(key);
    if (deletes && (row === 0 || rows.version(row) === 0)) return [];
    if (deletes) index.bury(key, row, main, sub);
    else row = index.put(key, main, sub);
    rows.setBytes(row, at);
    rows.setLeaseId(row, deletes ? 0n : leaseId);
    const [version, createRevision] = [rows.version(row), rows.createRevision(row)];
    return [{ key, main, sub, version, createRevision, bytes: at, leaseId: rows.leaseId(row) }];
  });
  return { index, stored };
}

test("changes that are added in runs, of whatever length, make the index that writing them has made", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 800 }), fc.integer({ min: 1, max: 900 }), (changes, length) => {
      const { index, stored } = written(changes);
      const restored = new KeyIndex();
      const run = new HeadRun();
      const addRun = (): void => {
        const order = run.sorted();
        const half = order.length >>> 1;
        restored.restore(run, order.subarray(0, half));
        restored.restore(run, order.subarray(half));
      };
      for (let from = 0; from < stored.length; from += length) {
        run.clear();
        for (const { key, leaseId, ...numbers } of stored.slice(from, from + length)) {
          const at = add(run, key);
          run.setLeaseId(at, leaseId);
          for (const field of ["main", "sub", "version", "createRevision", "bytes"] as const) {
            run[field][at] = numbers[field];
          }
        }
        addRun();
      }
      expect(recordsOf(restored)).toEqual(recordsOf(index));
      expect([restored.alive, restored.newest]).toEqual([index.alive, index.newest]);
      expect(restored.countNow("a", "key/5")).toBe(index.countNow("a", "key/5"));
      // Changes that the index knows are passed over.
      addRun();
      expect(recordsOf(restored)).toEqual(recordsOf(index));
    }),
  );
});
