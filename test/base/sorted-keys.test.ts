import fc from "fast-check";
import { expect, test } from "vitest";
import { finish, PackedKeys, sortKeysInSteps, unboundedWork } from "../../src/base/index.js";
import { heapBytesOf } from "../support/heap-bytes.js";

const someKey = fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const name = (at: number): string => `some/longer/name/${String((at * 7_919) % 100_000).padStart(10, "0")}`;

test("packed keys are the keys that were pushed, in this order", () => {
  fc.assert(
    fc.property(fc.array(someKey, { maxLength: 50 }), fc.integer({ min: 1, max: 60 }), (keys, times) => {
      const all = Array.from({ length: times }, () => keys).flat();
      const packed = new PackedKeys();
      for (const key of all) packed.push(key);
      expect(packed.length).toBe(all.length);
      expect([...packed]).toEqual(all);
    }),
  );
});

test("many keys are sorted by their bytes, with next to nothing on the heap", () => {
  const count = 100_000;
  function* keys(): Generator<string> {
    for (let at = 0; at < count; at++) yield name(at);
  }
  const { made, heapBytes } = heapBytesOf(() => finish(sortKeysInSteps(keys(), unboundedWork)));
  expect([...made]).toEqual([...keys()].sort());
  expect(heapBytes / count).toBeLessThan(20);
});

test("sorting ends a step where its budget says so, and equal keys stay", () => {
  const keys = Array.from({ length: 9_000 }, (_, at) => name(at % 500));
  let steps = 0;
  const sorting = sortKeysInSteps(keys, { over: () => true });
  let step = sorting.next();
  for (; step.done !== true; step = sorting.next()) steps++;
  expect(steps).toBe(keys.length);
  expect([...step.value]).toEqual([...keys].sort());
});
