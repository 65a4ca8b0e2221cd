import fc from "fast-check";
import { expect, test } from "vitest";
import { WideMap } from "../../src/base/index.js";
import { partOf } from "../../src/base/wide-map.js";

test("WideMap agrees with Map, but for the order", () => {
  const key = fc.oneof(fc.bigInt({ min: -50n, max: 50n }), fc.string({ maxLength: 2 }));
  const step = fc.record({ key, kind: fc.constantFrom("set", "set", "delete", "get"), value: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const [wide, model] = [new WideMap<string | bigint, number>(), new Map<string | bigint, number>()];
      for (const { key: at, kind, value } of steps) {
        if (kind === "set") {
          wide.set(at, value);
          model.set(at, value);
        } else if (kind === "delete") expect(wide.delete(at)).toBe(model.delete(at));
        else expect([wide.get(at), wide.has(at)]).toEqual([model.get(at), model.has(at)]);
        expect(wide.size).toBe(model.size);
      }
      expect(new Map(wide)).toEqual(model);
      expect(new Set(wide.keys())).toEqual(new Set(model.keys()));
      expect([...wide.values()].toSorted()).toEqual([...model.values()].toSorted());
    }),
  );
});

test("entries that are deleted during an iteration are not visited, and the iteration goes on", () => {
  const wide = new WideMap<bigint, bigint>();
  for (let id = 0n; id < 5_000n; id++) wide.set(id, id);
  const seen = new Set<bigint>();
  for (const id of wide.values()) {
    seen.add(id);
    if (id % 2n === 0n && wide.delete(id + 1n)) expect(seen.has(id + 1n) || !wide.has(id + 1n)).toBe(true);
  }
  expect([...seen].filter((id) => id % 2n === 0n)).toHaveLength(2_500);
});

for (const { name, keyOf } of [
  { name: "numbers in a row", keyOf: (at: number) => BigInt(at) },
  { name: "numbers that differ in high bits", keyOf: (at: number) => BigInt(at) << 32n },
  { name: "numbers that are multiples of a power of two", keyOf: (at: number) => BigInt(at) * 4096n },
  { name: "negative numbers", keyOf: (at: number) => -BigInt(at) },
  { name: "keys with a common beginning", keyOf: (at: number) => `registry/leases/${at}` },
  { name: "keys with a common end", keyOf: (at: number) => `${at}/lock/holder` },
]) {
  test(`no part of a WideMap gets more than three times its share of ${name}`, () => {
    const counts = new Map<number, number>();
    for (let at = 0; at < 102_400; at++) counts.set(partOf(keyOf(at)), (counts.get(partOf(keyOf(at))) ?? 0) + 1);
    expect(Math.max(...counts.values())).toBeLessThan(300);
  });
}
