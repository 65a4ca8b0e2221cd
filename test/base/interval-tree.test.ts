import fc from "fast-check";
import { expect, test } from "vitest";
import { AssertionFailure, IntervalTree } from "../../src/base/index.js";

function around(tree: IntervalTree<string>, point: string): string[] {
  const found: string[] = [];
  tree.around(point, (value) => found.push(value));
  return found;
}

for (const { name, point, want } of [
  { name: "includes the low end", point: "b", want: ["b-d", "b-"] },
  { name: "excludes the high end", point: "d", want: ["b-", "d-e"] },
  { name: "finds nothing before the first", point: "a", want: [] },
  { name: "has no end without an upper bound", point: "\xff\xff\xff", want: ["b-"] },
  { name: "compares whole keys", point: "da", want: ["b-", "d-e"] },
]) {
  test(`around() ${name}`, () => {
    const tree = new IntervalTree<string>();
    tree.set("b", "d", "b-d");
    tree.set("d", "e", "d-e");
    tree.set("b", "\0", "b-");
    expect(around(tree, point).sort()).toEqual([...want].sort());
  });
}

test("set() replaces the value of the same interval", () => {
  const tree = new IntervalTree<string>();
  tree.set("a", "c", "old");
  tree.set("a", "c", "new");
  expect([tree.size, tree.get("a", "c"), around(tree, "b")]).toEqual([1, "new", ["new"]]);
});

test("set() refuses an empty interval", () => {
  expect(() => new IntervalTree().set("b", "b", 1)).toThrow(AssertionFailure);
});

const point = fc.string({ unit: fc.constantFrom("\0", "a", "b", "\xff"), minLength: 1, maxLength: 3 });
const step = fc.record({ kind: fc.constantFrom("set", "set", "delete"), low: point, high: point });

test("agrees with a list of intervals after random changes", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.array(point, { maxLength: 20 }), (steps, points) => {
      const tree = new IntervalTree<string>();
      const model = new Map<string, { low: string; high: string }>();
      for (const { kind, low, high } of steps) {
        if (high !== "\0" && high <= low) continue;
        const name = JSON.stringify([low, high]);
        if (kind === "set") {
          tree.set(low, high, name);
          model.set(name, { low, high });
        } else expect(tree.delete(low, high)).toBe(model.delete(name));
      }
      expect(tree.size).toBe(model.size);
      for (const [name, { low, high }] of model) expect(tree.get(low, high)).toBe(name);
      for (const at of points) {
        const want = [...model].filter(([, { low, high }]) => low <= at && (high === "\0" || at < high));
        expect(around(tree, at).sort()).toEqual(want.map(([name]) => name).sort());
        for (const last of points) {
          if (last < at) continue;
          const met = [...model.values()].some(({ low, high }) => low <= last && (high === "\0" || at < high));
          expect(tree.meets(at, last)).toBe(met);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("a search among 10,000 intervals visits few of them", () => {
  const tree = new IntervalTree<number>();
  const name = (at: number): string => `k${String(at).padStart(6, "0")}`;
  let compared = 0;
  // The point is replaced by a key that counts its comparisons.
  const counting = (text: string): string => {
    const counted: unknown = {
      toString() {
        compared++;
        return text;
      },
    };
    return counted as string;
  };
  for (let at = 0; at < 10_000; at++) tree.set(name(at), name(at + 1), at);
  const found: number[] = [];
  tree.around(counting(name(7_777)), (value) => found.push(value));
  expect(found).toEqual([7_777]);
  expect(compared).toBeLessThan(100);
});
