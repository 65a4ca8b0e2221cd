import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { KeyEntry } from "../../src/mvcc/key-entry.js";
import { ValueCache } from "../../src/mvcc/value-cache.js";

const value = new Uint8Array(100);
/** The bytes that the cache counts for such a value: its length and a fixed cost. */
const cost = 300;

function entries(count: number): KeyEntry[] {
  return Array.from({ length: count }, (_, at) => new KeyEntry(at + 2, 0, at + 2, 1));
}

function cached(all: readonly KeyEntry[]): number[] {
  return all.flatMap((entry, at) => (entry.cached === undefined ? [] : [at]));
}

test("holds values up to its limit in bytes, and drops the oldest ones", () => {
  const cache = new ValueCache(3 * cost);
  const all = entries(5);
  for (const entry of all) cache.set(entry, value);
  expect(cached(all)).toEqual([2, 3, 4]);
});

test("does not evict a value that was read since the last pass of the clock hand", () => {
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

test("refuses a value that is larger than the cache, and drops the older value of the key", () => {
  const cache = new ValueCache(cost);
  const [entry = new KeyEntry(1, 0, 1, 1)] = entries(1);
  cache.set(entry, value);
  cache.set(entry, new Uint8Array(1000));
  expect(entry.cached).toBeUndefined();
});

test("keeps no entries of keys that were added and dropped", () => {
  const cache = new ValueCache(1000 * cost);
  const all = entries(20_000);
  for (const entry of all) {
    cache.set(entry, value);
    cache.drop(entry);
  }
  expect(cached(all)).toEqual([]);
  for (const entry of all.slice(0, 1500)) cache.set(entry, value);
  expect(cached(all).length).toBeGreaterThan(700);
  expect(cached(all).length).toBeLessThan(1010);
});

/** A value whose length and bytes depend on `seed`. */
function someValue(seed: number): Uint8Array {
  return new Uint8Array(20 + (seed % 300)).fill(seed % 251);
}

/** The bytes of all buffers that these values pin. */
function heldBytes(values: readonly (Uint8Array | undefined)[]): number {
  let bytes = 0;
  for (const buffer of new Set(values.map((each) => each?.buffer))) bytes += buffer?.byteLength ?? 0;
  return bytes;
}

test("has the newest value or none, under random replacements, drops and evictions", () => {
  const cache = new ValueCache(200_000);
  const all = entries(1500);
  const newest = new Map<KeyEntry, number>();
  for (let time = 1; time < 60_000; time++) {
    const entry = all[(time * 7919) % ((time % 3) * 700 + 100)] ?? new KeyEntry(1, 0, 1, 1);
    if (time % 11 === 0) {
      cache.drop(entry);
      newest.delete(entry);
    } else if (time % 5 === 0) {
      const found = cache.get(entry);
      const seed = newest.get(entry);
      if (found !== undefined) expect(found).toEqual(seed === undefined ? undefined : Buffer.from(someValue(seed)));
    } else {
      cache.set(entry, someValue(time));
      newest.set(entry, time);
    }
    if (time % 1000 === 0) expect(heldBytes(all.map((each) => each.cached?.bytes))).toBeLessThanOrEqual(200_000);
  }
  expect(cached(all).length).toBeGreaterThan(300);
});

test("a value that is written where it stays has its own bytes, whatever is moved to make room for it", () => {
  const cache = new ValueCache(200_000);
  const all = entries(1500);
  const newest = new Map<KeyEntry, number>();
  for (let time = 1; time < 30_000; time++) {
    const entry = all[(time * 7919) % ((time % 3) * 700 + 100)] ?? new KeyEntry(1, 0, 1, 1);
    const value = someValue(time);
    cache.room(entry, value.length)?.set(value);
    newest.set(entry, time);
    // Values that were read are moved to another slab, once.
    for (const read of all.slice(time % 1500, (time % 1500) + 3)) {
      const found = cache.get(read);
      if (found !== undefined) expect(found).toEqual(Buffer.from(someValue(newest.get(read) ?? 0)));
    }
  }
  expect(cached(all).length).toBeGreaterThan(300);
});

test("the memory of replaced values is reused, so that buffers are at least a third full", () => {
  const cache = new ValueCache(16 * 1024 * 1024);
  const all = entries(1000);
  for (const entry of all) cache.set(entry, value);
  const rare = all.filter((_, at) => at % 10 === 0);
  // Between any two remaining values others are placed and replaced.
  for (let time = 0; time < 100; time++) {
    for (const entry of all) if (!rare.includes(entry)) cache.set(entry, value);
  }
  const used = all.length * value.length;
  expect(cached(all)).toHaveLength(1000);
  expect(heldBytes(all.map((each) => each.cached?.bytes))).toBeLessThan(3 * used + 2 * 64 * 1024);
});

test("a reader that keeps single values does not pin more memory than is counted", () => {
  const bytesMax = 1024 * 1024;
  const cache = new ValueCache(bytesMax, bytesMax);
  const all = entries(2000);
  const kept: (Uint8Array | undefined)[] = [];
  for (let time = 0; time < 200; time++) {
    for (const entry of all) cache.set(entry, value);
    for (const entry of all.slice(0, 1)) kept.push(cache.get(entry));
  }
  expect(heldBytes(kept)).toBeGreaterThan(bytesMax / 4);
  expect(heldBytes([...kept, ...all.map((each) => each.cached?.bytes)])).toBeLessThanOrEqual(2.1 * bytesMax);
});

test("accepts values again when readers have released the memory", async () => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const cache = new ValueCache(1024 * 1024, 1024 * 1024);
  const all = entries(2000);
  for (let time = 0; time < 50; time++) for (const entry of all) cache.set(entry, value);
  expect(cached(all).length).toBeLessThan(1000);
  await expect
    .poll(() => {
      collect();
      for (const entry of all) cache.set(entry, value);
      return cached(all).length;
    })
    .toBeGreaterThan(1900);
});
