import { expect, test } from "vitest";
import { KeyTree } from "../../src/mvcc/key-tree.js";

/** A random generator with a seed, so that a failure can be repeated. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function keysOf(tree: KeyTree<string>, low = "", high?: string): string[] {
  const keys: string[] = [];
  tree.walk(low, high, (key) => keys.push(key) > 0);
  return keys;
}

for (const { name, keys } of [
  { name: "in ascending order", keys: Array.from({ length: 20_000 }, (_, at) => at) },
  { name: "in descending order", keys: Array.from({ length: 20_000 }, (_, at) => 20_000 - at) },
]) {
  test(`KeyTree holds keys that are added ${name}`, () => {
    const tree = new KeyTree<string>();
    const names = keys.map((at) => `key/${String(at).padStart(6, "0")}`);
    for (const key of names) tree.getOrInsert(key, `of ${key}`);
    const sorted = names.toSorted();
    expect(keysOf(tree)).toEqual(sorted);
    expect(tree.get(names[777] ?? "")).toBe(`of ${names[777]}`);
    expect(tree.get("key/")).toBeUndefined();
    for (const key of names) tree.delete(key);
    expect(keysOf(tree)).toEqual([]);
  });
}

test("KeyTree agrees with a sorted set after random inserts, deletes and walks", () => {
  const random = numbers(1);
  const tree = new KeyTree<string>();
  const model = new Set<string>();
  for (let round = 0; round < 30; round++) {
    // The set grows and shrinks in turn, so that nodes are split and dropped on all levels.
    const growing = round % 3 !== 2;
    for (let step = 0; step < 3000; step++) {
      const key = random(12_000).toString(36);
      if (model.has(key) && (!growing || random(4) === 0)) {
        tree.delete(key);
        model.delete(key);
      } else if (growing && !model.has(key)) {
        tree.getOrInsert(key, key);
        model.add(key);
      } else tree.delete(`${key}!`);
    }
    const sorted = [...model].toSorted();
    expect(keysOf(tree)).toEqual(sorted);
    const low = random(12_000).toString(36);
    const high = random(12_000).toString(36);
    expect(keysOf(tree, low, high)).toEqual(sorted.filter((key) => key >= low && key < high));
    for (const key of sorted.slice(0, 50)) expect(tree.get(key)).toBe(key);
  }
});

test("KeyTree orders keys by bytes, and a walk can be ended", () => {
  const tree = new KeyTree<number>();
  for (const key of ["b", "\xff", "\x80", "a\0", "a", "\0"]) tree.getOrInsert(key, 1);
  const seen: string[] = [];
  tree.walk("", undefined, (key) => seen.push(key) < 4);
  expect(seen).toEqual(["\0", "a", "a\0", "b"]);
});
