import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FlatRows, hashOfLong, hashOfText, RowBuckets, RowLists } from "../../src/base/index.js";

describe("rows in flat memory", () => {
  test("keep their fields apart, and begin with zeros even when their row was used before", () => {
    const rows = new FlatRows(8);
    const one = rows.take();
    const other = rows.take();
    rows.setWord(one, 0, 2 ** 32 - 1);
    rows.setNumber(one, 2, 2 ** 53 - 1);
    rows.setLong(one, 4, -(2n ** 63n));
    rows.setDouble(one, 6, 0.5);
    expect([rows.word(one, 0), rows.number(one, 2), rows.long(one, 4), rows.double(one, 6)]).toEqual([
      2 ** 32 - 1,
      2 ** 53 - 1,
      -(2n ** 63n),
      0.5,
    ]);
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((field) => rows.word(other, field))).toEqual(Array(8).fill(0));
    rows.give(one);
    expect(rows.take()).toBe(one);
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((field) => rows.word(one, field))).toEqual(Array(8).fill(0));
    expect(rows.used).toBe(2);
  });

  test("are found by hash like the keys of a Map, however many there are", () => {
    const aCommand = fc.tuple(fc.boolean(), fc.nat(3_000));
    fc.assert(
      fc.property(fc.array(aCommand, { maxLength: 6_000 }), fc.constantFrom(1, 64, 2 ** 32), (commands, spread) => {
        const rows = new FlatRows(4);
        const buckets = new RowBuckets(rows, 0, 1);
        const model = new Map<number, number>();
        // Few different hashes make long chains.
        const hashOf = (key: number): number => hashOfLong(BigInt(key)) % spread;
        const find = (key: number): number => {
          const hash = hashOf(key);
          let row = buckets.first(hash);
          while (row !== 0 && !(buckets.hasHash(row, hash) && rows.word(row, 2) === key)) row = buckets.next(row);
          return row;
        };
        for (const [adds, key] of commands) {
          const row = model.get(key);
          expect(find(key)).toBe(row ?? 0);
          if (adds && row === undefined) {
            const added = rows.take();
            rows.setWord(added, 2, key);
            buckets.add(added, hashOf(key));
            model.set(key, added);
          } else if (!adds && row !== undefined) {
            buckets.remove(row);
            rows.give(row);
            model.delete(key);
          }
        }
        expect(buckets.count).toBe(model.size);
        for (const [key, row] of model) expect(find(key)).toBe(row);
      }),
      { numRuns: 30 },
    );
  });

  test("spread over the buckets, even if their keys differ at one end only", () => {
    for (const hashOf of [
      (at: number) => hashOfText(`key/${at}/status`),
      (at: number) => hashOfText(`${at}`),
      (at: number) => hashOfLong(BigInt(at)),
      (at: number) => hashOfLong(BigInt(at) << 32n),
      (at: number) => hashOfLong(0n, at),
    ]) {
      const counts = new Map<number, number>();
      for (let at = 0; at < 65_536; at++) {
        const bucket = hashOf(at) & 65_535;
        counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
      }
      // Random hashes leave 37 % of the buckets empty, and have at most about 9 in one.
      expect(counts.size).toBeGreaterThan(0.6 * 65_536);
      expect(Math.max(...counts.values())).toBeLessThan(13);
    }
  });

  test("form lists from which any row can be removed", () => {
    const aCommand = fc.tuple(fc.constantFrom("append", "remove"), fc.nat(30));
    fc.assert(
      fc.property(fc.array(aCommand, { maxLength: 200 }), (commands) => {
        const rows = new FlatRows(2);
        const lists = new RowLists(rows, 0, 1);
        let first = 0;
        const model: number[] = [];
        for (const [what, at] of commands) {
          if (what === "append") {
            const row = rows.take();
            first = lists.append(first, row);
            model.push(row);
          } else if (model.length > 0) {
            const [row = 0] = model.splice(at % model.length, 1);
            first = lists.remove(first, row);
            rows.give(row);
          }
          const listed: number[] = [];
          for (let row = first; row !== 0; row = lists.next(row)) listed.push(row);
          expect(listed).toEqual(model);
        }
      }),
    );
  });
});
