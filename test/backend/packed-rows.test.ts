import fc from "fast-check";
import { expect, test } from "vitest";
import { Layer } from "../../src/backend/layer.js";
import { WriteBuffer } from "../../src/backend/write-buffer.js";
import { heapBytesOf } from "../support/heap-bytes.js";

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

test("a packed layer has the same changes as before, in key order", () => {
  const someKey = fc.uint8Array({ minLength: 1, maxLength: 3 }).map(latin1);
  const someChange = fc.option(fc.uint8Array({ maxLength: 3 }), { nil: null });
  fc.assert(
    fc.property(fc.array(fc.tuple(someKey, someChange), { minLength: 1 }), fc.array(someKey), (changes, others) => {
      const plain = new Layer();
      const packed = new Layer();
      for (const [key, change] of changes) for (const layer of [plain, packed]) layer.set(key, change);
      packed.pack();
      const order = plain.order();
      expect(packed.size).toBe(plain.size);
      expect(packed.order().length).toBe(order.length);
      for (let at = 0; at <= order.length; at++) expect(packed.order().at(at)).toBe(order.at(at));
      const shown = (change: Uint8Array | null | undefined) => change && latin1(change);
      for (const key of [...others, ...changes.map(([key]) => key)]) {
        expect([key, shown(packed.get(key))]).toEqual([key, shown(plain.get(key))]);
      }
      const wanted = [...plain.rows()].sort(([one], [other]) => (one < other ? -1 : 1));
      expect([...packed.rows()].map(([key, change]) => [key, shown(change)])).toEqual(
        wanted.map(([key, change]) => [key, shown(change)]),
      );
      expect([...packed.byteRows()].map(([key, change]) => [latin1(key), shown(change)])).toEqual(
        wanted.map(([key, change]) => [key, shown(change)]),
      );
    }),
  );
});

test("changes that are held take next to nothing of the heap", () => {
  const buffer = new WriteBuffer();
  const count = 200_000;
  buffer.hold();
  const { heapBytes } = heapBytesOf(() => {
    for (let at = 0; at < count; at++) buffer.set(`row/${String(at).padStart(12, "0")}`, Buffer.from(`value ${at}`));
  });
  expect(buffer.find("row/000000100000")?.toString()).toBe("value 100000");
  expect(heapBytes / count).toBeLessThan(10);
  // Views that are taken before the batch do not bring the changes back.
  buffer.release();
  const views = heapBytesOf(() => Array.from({ length: 20 }, () => buffer.freeze()));
  expect(views.made.at(-1)?.reduce((sum, { size }) => sum + size, 0)).toBe(count);
  expect(views.heapBytes / count).toBeLessThan(10);
});
