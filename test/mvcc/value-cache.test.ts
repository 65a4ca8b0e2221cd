import { expect, test } from "vitest";
import { KeyEntry } from "../../src/mvcc/key-entry.js";
import { ValueCache } from "../../src/mvcc/value-cache.js";

const value = new Uint8Array(100);
/** Bytes that the cache counts for one such value: its own, and a fixed cost. */
const cost = 300;

function entries(count: number): KeyEntry[] {
  return Array.from({ length: count }, (_, at) => new KeyEntry(at + 2, 0, at + 2, 1));
}

function cached(all: readonly KeyEntry[]): number[] {
  return all.flatMap((entry, at) => (entry.value === undefined ? [] : [at]));
}

test("holds what its bytes allow, and drops what came first", () => {
  const cache = new ValueCache(3 * cost);
  const all = entries(5);
  for (const entry of all) cache.set(entry, value);
  expect(cached(all)).toEqual([2, 3, 4]);
});

test("passes over what was touched since the hand came by, once", () => {
  const cache = new ValueCache(3 * cost);
  const all = entries(7);
  for (const entry of all.slice(0, 3)) cache.set(entry, value);
  for (const entry of all.slice(0, 1)) expect(cache.get(entry)).toBe(value);
  for (const entry of all.slice(3, 5)) cache.set(entry, value);
  expect(cached(all)).toEqual([0, 3, 4]);
  for (const entry of all.slice(5)) cache.set(entry, value);
  expect(cached(all)).toEqual([4, 5, 6]);
});

test("replaces and drops values, and counts their bytes", () => {
  const cache = new ValueCache(3 * cost);
  const all = entries(4);
  for (const entry of all.slice(0, 3)) cache.set(entry, value);
  for (let time = 0; time < 9; time++) cache.set(all[1] ?? new KeyEntry(1, 0, 1, 1), new Uint8Array(100));
  expect(cached(all)).toEqual([0, 1, 2]);
  for (const entry of all.slice(0, 1)) cache.drop(entry);
  for (const entry of all.slice(3)) cache.set(entry, value);
  expect(cached(all)).toEqual([1, 2, 3]);
});

test("does not take what is larger than all of it, and forgets the older value", () => {
  const cache = new ValueCache(cost);
  const [entry = new KeyEntry(1, 0, 1, 1)] = entries(1);
  cache.set(entry, value);
  cache.set(entry, new Uint8Array(1000));
  expect(entry.value).toBeUndefined();
});

test("forgets keys that come and go", () => {
  const cache = new ValueCache(1000 * cost);
  const all = entries(20_000);
  for (const entry of all) {
    cache.set(entry, value);
    cache.drop(entry);
  }
  // Only those that wait to be tidied up still have their place.
  expect(all.filter((entry) => entry.cacheState !== 0).length).toBeLessThan(1100);
  for (const entry of all.slice(0, 1500)) cache.set(entry, value);
  expect(cached(all)).toHaveLength(1000);
});
