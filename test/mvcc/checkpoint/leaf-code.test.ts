import fc from "fast-check";
import { expect, test } from "vitest";
import { LeafReader, writeLeaf } from "../../../src/mvcc/checkpoint/leaf-code.js";
import { VarintReader, VarintWriter } from "../../../src/mvcc/checkpoint/varints.js";
import { KeyIndex } from "../../../src/mvcc/keys/key-index.js";
import { recordsOf } from "./looked-at.js";

/** Keys that begin alike, keys of any bytes, and long ones. */
function keyOf(number: number): string {
  if (number % 7 === 0) return `registry/pods/${number}`;
  if (number % 31 === 0) return `${number}`.padEnd(3_000, "x");
  return number % 11 === 0 ? `\0\xff${number}\x80` : `k${number}`;
}

function copyOf(index: KeyIndex, checkpoint: number): KeyIndex {
  const writer = new VarintWriter();
  index.walkLeaves("", (leaf, from) => {
    writeLeaf(writer, leaf, from, index.records, checkpoint);
    return true;
  });
  const copy = new KeyIndex();
  const reader = new LeafReader(copy, checkpoint);
  for (const source = new VarintReader(writer.written); source.more; ) reader.read(source);
  reader.finish();
  return copy;
}

const change = fc.record({
  key: fc.nat(2_000),
  bury: fc.boolean(),
  lease: fc.constantFrom(0n, 0n, 1n, -1n, 2n ** 63n - 1n),
  bytes: fc.constantFrom(0, 300, 300, 2 ** 31),
  step: fc.constantFrom(0, 1, 1, 1_000, 2 ** 33),
});

test("an index is the same after it was written and read, and goes on the same", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 3_000, size: "max" }), (changes) => {
      const index = new KeyIndex();
      let [main, sub] = [1, 0];
      const apply = (target: KeyIndex, { key, bury, lease, bytes }: (typeof changes)[number]): void => {
        const name = keyOf(key);
        let row = target.get(name);
        const buries = bury && row !== 0 && target.records.alive(row);
        if (buries) target.bury(name, row, main, sub);
        else row = target.put(name, main, sub);
        target.records.rows.setLeaseId(row, buries ? 0n : lease);
        target.records.rows.setBytes(row, bytes);
      };
      const half = changes.length >>> 1;
      let copy: KeyIndex | undefined;
      for (const [at, each] of changes.entries()) {
        if (at === half) copy = copyOf(index, 1);
        [main, sub] = each.step === 0 ? [main, sub + 1] : [main + each.step, 0];
        for (const target of copy === undefined ? [index] : [index, copy]) apply(target, each);
      }
      copy ??= copyOf(index, 1);
      expect(recordsOf(copy)).toEqual(recordsOf(index));
      expect(copy.count("k", "l", main)).toBe(index.count("k", "l", main));
      for (const target of [index, copy]) {
        for (let low: string | undefined = ""; low !== undefined; ) {
          let left = 100;
          low = target.compactSlice(
            low,
            main,
            () => undefined,
            () => left-- === 0,
          ).next;
        }
      }
      expect(recordsOf(copy)).toEqual(recordsOf(index));
    }),
    { numRuns: 30 },
  );
});

test("a filled tree has many levels, and finds, adds and deletes each key", () => {
  const index = new KeyIndex();
  const name = (at: number): string => String(at).padStart(7, "0");
  for (let at = 0; at < 400_000; at += 2) index.put(name(at), at + 2, 0);
  const copy = copyOf(index, 3);
  expect(copy.alive).toBe(200_000);
  for (let at = 1; at < 400_000; at += 1_001) copy.put(name(at), 500_000 + at, 0);
  for (let at = 0; at < 400_000; at += 997) {
    const row = copy.get(name(at));
    expect(row === 0).toBe(at % 2 === 1 && (at - 1) % 1_001 !== 0);
    if (row !== 0 && copy.records.alive(row)) copy.bury(name(at), row, 1_000_000 + at, 0);
  }
  for (let low: string | undefined = ""; low !== undefined; ) {
    let left = 1_000;
    low = copy.compactSlice(
      low,
      2_000_000,
      () => undefined,
      () => left-- === 0,
    ).next;
  }
  let seen = 0;
  copy.walk("", undefined, () => ++seen > 0);
  expect(copy.alive).toBe(seen);
  expect(copy.count(name(1_000), name(2_000), 2_000_000)).toBe(
    Array.from({ length: 1_000 }, (_, at) => copy.get(name(1_000 + at))).filter((row) => row !== 0).length,
  );
});
