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

interface Item {
  readonly name: string;
  alive: boolean;
}

function item(name: string, alive = true): Item {
  return { name, alive };
}

function keysOf(tree: KeyTree<Item>, low = "", high?: string): string[] {
  const keys: string[] = [];
  tree.walk(low, high, (key) => keys.push(key) > 0);
  return keys;
}

for (const { name, keys } of [
  { name: "in ascending order", keys: Array.from({ length: 20_000 }, (_, at) => at) },
  { name: "in descending order", keys: Array.from({ length: 20_000 }, (_, at) => 20_000 - at) },
]) {
  test(`KeyTree holds keys that are added ${name}`, () => {
    const tree = new KeyTree<Item>();
    const names = keys.map((at) => `key/${String(at).padStart(6, "0")}`);
    for (const key of names) tree.getOrInsert(key, item(`of ${key}`));
    const sorted = names.toSorted();
    expect(keysOf(tree)).toEqual(sorted);
    expect(tree.get(names[777] ?? "")?.name).toBe(`of ${names[777]}`);
    expect([tree.alive, tree.count("key/000100", "key/010000")]).toEqual([20_000, 9_900]);
    expect(tree.get("key/")).toBeUndefined();
    for (const key of names) tree.delete(key);
    expect(keysOf(tree)).toEqual([]);
  });
}

test("KeyTree agrees with a sorted list after random inserts, deletes, walks and counts", () => {
  const random = numbers(1);
  const tree = new KeyTree<Item>();
  const model = new Map<string, Item>();
  for (let round = 0; round < 30; round++) {
    // The list grows and shrinks in turn, so that nodes are split and dropped on all levels.
    const growing = round % 3 !== 2;
    for (let step = 0; step < 3000; step++) {
      const key = random(12_000).toString(36);
      const known = model.get(key);
      if (known !== undefined && random(3) === 0) {
        known.alive = !known.alive;
        tree.changed(key, known);
      } else if (known !== undefined && (!growing || random(4) === 0)) {
        tree.delete(key);
        model.delete(key);
      } else if (growing && known === undefined) {
        const added = item(key, random(4) > 0);
        tree.getOrInsert(key, added);
        model.set(key, added);
      } else tree.delete(`${key}!`);
    }
    const sorted = [...model.keys()].toSorted();
    expect(keysOf(tree)).toEqual(sorted);
    const alive = sorted.filter((key) => model.get(key)?.alive);
    expect(tree.alive).toBe(alive.length);
    for (let pair = 0; pair < 20; pair++) {
      const low = random(12_000).toString(36);
      const high = pair === 0 ? undefined : random(12_000).toString(36);
      const within = (key: string): boolean => key >= low && (high === undefined || key < high);
      expect(keysOf(tree, low, high)).toEqual(sorted.filter(within));
      expect(tree.count(low, high)).toBe(alive.filter(within).length);
    }
    for (const key of sorted.slice(0, 50)) expect(tree.get(key)?.name).toBe(key);
  }
});

test("KeyTree orders keys by bytes, and a walk can be ended", () => {
  const tree = new KeyTree<Item>();
  for (const key of ["b", "\xff", "\x80", "a\0", "a", "\0"]) tree.getOrInsert(key, item(key));
  const seen: string[] = [];
  tree.walk("", undefined, (key) => seen.push(key) < 4);
  expect(seen).toEqual(["\0", "a", "a\0", "b"]);
});
