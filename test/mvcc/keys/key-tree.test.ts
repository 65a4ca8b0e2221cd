import { expect, test } from "vitest";
import { Arena } from "../../../src/base/index.js";
import { leafKeysMax } from "../../../src/mvcc/keys/key-leaf.js";
import { KeyTree } from "../../../src/mvcc/keys/key-tree.js";
import { KeyTree as ModelTree } from "../model/key-tree.js";

/** A random generator with a seed, so that a failure can be repeated. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A tree whose rows are numbers of a list, each with a name and a life. */
function treeOfItems() {
  const arena = new Arena();
  const items: { name: string; alive: boolean }[] = [{ name: "", alive: false }];
  const tree = new KeyTree(arena, (row) => items[row]?.alive === true);
  const add = (name: string, alive = true): number => tree.getOrInsert(name, () => items.push({ name, alive }) - 1);
  return { arena, tree, items, add };
}

function keysOf(tree: KeyTree, low = "", high?: string): string[] {
  const keys: string[] = [];
  tree.walk(low, high, (_, visited) => keys.push(visited.key) > 0);
  return keys;
}

for (const { name, keys } of [
  { name: "in ascending order", keys: Array.from({ length: 20_000 }, (_, at) => at) },
  { name: "in descending order", keys: Array.from({ length: 20_000 }, (_, at) => 20_000 - at) },
]) {
  test(`KeyTree holds keys that are added ${name}`, () => {
    const { arena, tree, items, add } = treeOfItems();
    const names = keys.map((at) => `key/${String(at).padStart(6, "0")}`);
    for (const key of names) add(key);
    expect(keysOf(tree)).toEqual(names.toSorted());
    expect(items[tree.get(names[777] ?? "")]?.name).toBe(names[777]);
    expect([tree.alive, tree.count("key/000100", "key/010000")]).toEqual([20_000, 9_900]);
    expect(tree.get("key/")).toBe(0);
    for (const key of names) tree.delete(key);
    expect(keysOf(tree)).toEqual([]);
    expect(arena.usedBytes).toBe(0);
  });
}

test("keys that arrive in ascending order fill their leaves", () => {
  const { arena, add } = treeOfItems();
  const count = 200 * leafKeysMax;
  for (let at = 0; at < count; at++) add(`registry/pods/default/pod-${String(at).padStart(8, "0")}`);
  // A row and the end of a name are eight bytes; most of the name is shared with its neighbours.
  expect(arena.usedBytes / count).toBeLessThan(14);
});

test("KeyTree agrees with its model after random inserts, deletes, walks and counts", () => {
  const random = numbers(1);
  const { arena, tree, items, add } = treeOfItems();
  const model = new ModelTree<{ name: string; alive: boolean; row: number }>();
  const nameOf = (): string => {
    const number = random(12_000).toString(36);
    // Some keys share a long beginning, and some are long.
    if (number.length === 2) return `a/b/c/${number}`;
    return number.endsWith("zz") ? number.padEnd(900, number) : number;
  };
  for (let round = 0; round < 30; round++) {
    // The tree grows and shrinks in turn, so that nodes are cut, joined and dropped on all levels.
    const growing = round % 3 !== 2;
    for (let step = 0; step < 3000; step++) {
      const key = nameOf();
      const known = model.get(key);
      const item = items[known?.row ?? 0];
      if (known !== undefined && item !== undefined && random(3) === 0) {
        item.alive = !item.alive;
        known.alive = item.alive;
        tree.changed(key, known.row);
        model.changed(key, known);
      } else if (known !== undefined && (!growing || random(4) === 0)) {
        tree.delete(key);
        model.delete(key);
      } else if (growing && known === undefined) {
        const alive = random(4) > 0;
        model.getOrInsert(key, { name: key, alive, row: add(key, alive) });
      } else tree.delete(`${key}!`);
    }
    const keys: string[] = [];
    model.walk("", undefined, (key) => keys.push(key) > 0);
    expect(keysOf(tree)).toEqual(keys);
    expect(tree.alive).toBe(model.alive);
    for (let pair = 0; pair < 20; pair++) {
      const low = nameOf();
      const high = pair === 0 ? undefined : nameOf();
      const within: string[] = [];
      model.walk(low, high, (key) => within.push(key) > 0);
      expect(keysOf(tree, low, high)).toEqual(within);
      expect(tree.count(low, high)).toBe(model.count(low, high));
    }
    for (const key of keys.slice(0, 50)) expect(items[tree.get(key)]?.name).toBe(key);
  }
  for (const key of keysOf(tree)) tree.delete(key);
  expect(arena.usedBytes).toBe(0);
});

test("a tree of which every tenth key is left takes a quarter of the memory at most", () => {
  const { arena, tree, add } = treeOfItems();
  const names = Array.from({ length: 20_000 }, (_, at) => `key/${String(at).padStart(6, "0")}`);
  for (const key of names) add(key);
  const before = arena.usedBytes;
  for (const [at, key] of names.entries()) if (at % 10 > 0) tree.delete(key);
  expect(keysOf(tree)).toEqual(names.filter((_, at) => at % 10 === 0));
  expect(arena.usedBytes).toBeLessThan(before / 4);
});

test("KeyTree orders keys by bytes, and a walk can be ended", () => {
  const { tree, add } = treeOfItems();
  for (const key of ["b", "\xff", "\x80", "a\0", "a", "\0", ""]) add(key);
  expect(keysOf(tree)).toEqual(["", "\0", "a", "a\0", "b", "\x80", "\xff"]);
  const seen: string[] = [];
  tree.walk("", undefined, (_, visited) => seen.push(visited.key) < 4);
  expect(seen).toEqual(["", "\0", "a", "a\0"]);
});

test("keys of a megabyte and of one byte lie in one tree", () => {
  const { arena, tree, items, add } = treeOfItems();
  const names = Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? "k".repeat(1_000_000 + at) : `k${at}`));
  for (const key of names) add(key);
  expect(keysOf(tree)).toEqual(names.toSorted());
  for (const key of names) expect(items[tree.get(key)]?.name).toBe(key);
  for (const key of names) tree.delete(key);
  expect(arena.usedBytes).toBe(0);
});
