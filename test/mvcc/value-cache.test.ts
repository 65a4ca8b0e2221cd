import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { KeyRows, type Row } from "../../src/mvcc/keys/key-rows.js";
import { ValueCache } from "../../src/mvcc/value-cache.js";

const value = new Uint8Array(100);
/** The bytes that the cache counts for such a value: its length and a fixed cost. */
const cost = 300;

/** A cache, and rows of keys whose values it may hold. */
function cacheWith(count: number, bytesMax: number, givenUpBytesMax?: number) {
  const rows = new KeyRows();
  const cache = new ValueCache(rows, bytesMax, givenUpBytesMax);
  const all: Row[] = Array.from({ length: count }, () => rows.take());
  /** Which of the keys have a value in the cache. */
  const cached = (): number[] => all.flatMap((row, at) => (cache.peek(row) === undefined ? [] : [at]));
  return { cache, all, cached };
}

test("holds values up to its limit in bytes, and drops the oldest ones", () => {
  const { cache, all, cached } = cacheWith(5, 3 * cost);
  for (const row of all) cache.set(row, value);
  expect(cached()).toEqual([2, 3, 4]);
});

test("does not evict a value that was read since the last pass of the clock hand", () => {
  const { cache, all, cached } = cacheWith(7, 3 * cost);
  for (const row of all.slice(0, 3)) cache.set(row, value);
  for (const row of all.slice(0, 1)) expect(cache.get(row)).toBe(value);
  for (const row of all.slice(3, 5)) cache.set(row, value);
  expect(cached()).toEqual([0, 3, 4]);
  for (const row of all.slice(5)) cache.set(row, value);
  expect(cached()).toEqual([4, 5, 6]);
});

test("replaces and drops values, and counts their bytes", () => {
  const { cache, all, cached } = cacheWith(4, 3 * cost);
  for (const row of all.slice(0, 3)) cache.set(row, value);
  for (let time = 0; time < 9; time++) cache.set(all[1] ?? 0, new Uint8Array(100));
  expect(cached()).toEqual([0, 1, 2]);
  for (const row of all.slice(0, 1)) cache.drop(row);
  for (const row of all.slice(3)) cache.set(row, value);
  expect(cached()).toEqual([1, 2, 3]);
});

test("refuses a value that is larger than the cache, and drops the older value of the key", () => {
  const { cache, all, cached } = cacheWith(1, cost);
  for (const row of all) {
    cache.set(row, value);
    expect(cached()).toEqual([0]);
    cache.set(row, new Uint8Array(1000));
    expect(cached()).toEqual([]);
  }
});

test("keeps values of up to 64 KiB, however large the cache is, and no older value of a key with a longer one", () => {
  const { cache, all, cached } = cacheWith(1, 1024 * 1024);
  for (const row of all) {
    cache.set(row, new Uint8Array(64 * 1024));
    expect(cached()).toEqual([0]);
    cache.set(row, new Uint8Array(64 * 1024 + 1));
    expect(cached()).toEqual([]);
    expect(cache.room(row, 64 * 1024 + 1)).toBeUndefined();
    expect(cache.room(row, 64 * 1024)).toHaveLength(64 * 1024);
  }
});

test("keeps no entries of keys that were added and dropped", () => {
  const { cache, all, cached } = cacheWith(20_000, 1000 * cost);
  for (const row of all) {
    cache.set(row, value);
    cache.drop(row);
  }
  expect(cached()).toEqual([]);
  for (const row of all.slice(0, 1500)) cache.set(row, value);
  expect(cached().length).toBeGreaterThan(700);
  expect(cached().length).toBeLessThan(1010);
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
  const { cache, all, cached } = cacheWith(1500, 200_000);
  const newest = new Map<Row, number>();
  for (let time = 1; time < 60_000; time++) {
    const row = all[(time * 7919) % ((time % 3) * 700 + 100)] ?? 0;
    if (time % 11 === 0) {
      cache.drop(row);
      newest.delete(row);
    } else if (time % 5 === 0) {
      const found = cache.get(row);
      const seed = newest.get(row);
      if (found !== undefined) expect(found).toEqual(seed === undefined ? undefined : Buffer.from(someValue(seed)));
    } else {
      cache.set(row, someValue(time));
      newest.set(row, time);
    }
    if (time % 1000 === 0) expect(heldBytes(all.map((row) => cache.peek(row)))).toBeLessThanOrEqual(200_000);
  }
  expect(cached().length).toBeGreaterThan(300);
});

test("a value that is written where it stays has its own bytes, whatever is moved to make room for it", () => {
  const { cache, all, cached } = cacheWith(1500, 200_000);
  const newest = new Map<Row, number>();
  for (let time = 1; time < 5_000; time++) {
    const row = all[(time * 7919) % ((time % 3) * 700 + 100)] ?? 0;
    const value = someValue(time);
    cache.room(row, value.length)?.set(value);
    newest.set(row, time);
    // Values that were read are moved to another slab, once.
    for (const read of all.slice(time % 1500, (time % 1500) + 3)) {
      const found = cache.get(read);
      if (found !== undefined) expect(found).toEqual(Buffer.from(someValue(newest.get(read) ?? 0)));
    }
  }
  expect(cached().length).toBeGreaterThan(300);
});

test("the memory of replaced values is reused, so that buffers are at least a third full", () => {
  const { cache, all, cached } = cacheWith(1000, 16 * 1024 * 1024);
  for (const row of all) cache.set(row, value);
  const rare = all.filter((_, at) => at % 10 === 0);
  // Between any two remaining values others are placed and replaced.
  for (let time = 0; time < 100; time++) {
    for (const row of all) if (!rare.includes(row)) cache.set(row, value);
  }
  const used = all.length * value.length;
  expect(cached()).toHaveLength(1000);
  expect(heldBytes(all.map((row) => cache.peek(row)))).toBeLessThan(3 * used + 2 * 64 * 1024);
});

test("a reader that keeps single values does not pin more memory than is counted", () => {
  const bytesMax = 1024 * 1024;
  const { cache, all } = cacheWith(2000, bytesMax, bytesMax);
  const kept: (Uint8Array | undefined)[] = [];
  for (let time = 0; time < 200; time++) {
    for (const row of all) cache.set(row, value);
    for (const row of all.slice(0, 1)) kept.push(cache.get(row));
  }
  expect(heldBytes(kept)).toBeGreaterThan(bytesMax / 4);
  expect(heldBytes([...kept, ...all.map((row) => cache.peek(row))])).toBeLessThanOrEqual(2.1 * bytesMax);
});

test("accepts values again when readers have released the memory", async () => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const { cache, all, cached } = cacheWith(2000, 1024 * 1024, 1024 * 1024);
  for (let time = 0; time < 50; time++) for (const row of all) cache.set(row, value);
  expect(cached().length).toBeLessThan(1000);
  await expect
    .poll(() => {
      collect();
      for (const row of all) cache.set(row, value);
      return cached().length;
    })
    .toBeGreaterThan(1900);
});
