import fc from "fast-check";
import { expect, test } from "vitest";
import { Layer } from "../../src/backend/layer.js";
import { Overlay } from "../../src/backend/overlay.js";
import { WriteBuffer } from "../../src/backend/write-buffer.js";

const change = (value: string | undefined) => (value === undefined ? null : Buffer.from(value));

test("layers are one ordered map, in which the newest change of each key counts", () => {
  const someKey = fc.constantFrom("a", "b", "c", "d", "e", "f");
  const someLayer = fc.array(fc.tuple(someKey, fc.option(fc.string(), { nil: undefined })), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(someLayer, { maxLength: 5 }), someKey, someKey, (contents, low, high) => {
      const model = new Map<string, string | undefined>();
      const layers = contents.map((changes) => {
        const layer = new Layer();
        for (const [key, value] of changes) {
          layer.set(key, change(value));
          if (key >= low && key < high) model.set(key, value);
        }
        return layer;
      });
      const overlay = new Overlay(layers, low, high);
      const found: (string | undefined)[][] = [];
      for (let head = overlay.head; head !== undefined; head = overlay.head) {
        found.push([head, overlay.take()?.toString()]);
      }
      expect(found).toEqual([...model].sort(([one], [other]) => (one < other ? -1 : 1)));
      expect(overlay.take()).toBeUndefined();
    }),
  );
});

test("all layers are bounded, held or not, and every change is counted and found", () => {
  const buffer = new WriteBuffer();
  const count = 50_000;
  const fill = (prefix: string): void => {
    for (let at = 0; at < count; at++) buffer.set(`${prefix}${at}`, change("x"));
  };
  fill("free/");
  buffer.hold();
  fill("held/");
  expect(buffer.waiting).toBe(2 * count);
  expect([buffer.find("free/0"), buffer.find("held/0"), buffer.find(`held/${count - 1}`)]).not.toContain(undefined);
  const before = buffer.freeze();
  expect(before.reduce((sum, layer) => sum + layer.size, 0)).toBe(count);
  buffer.release();
  const layers = buffer.take();
  expect(Math.max(...layers.map((layer) => layer.size))).toBeLessThan(20_000);
  expect(layers.reduce((sum, layer) => sum + layer.size, 0)).toBe(2 * count);
  expect([buffer.waiting, buffer.size]).toEqual([0, 2 * count]);
  buffer.written();
  expect(buffer.size).toBe(0);
});

test("dropped changes of a hold are no longer counted", () => {
  const buffer = new WriteBuffer();
  buffer.set("a", change("1"));
  buffer.hold();
  for (let at = 0; at < 20_000; at++) buffer.set(`${at}`, change("x"));
  buffer.drop();
  expect([buffer.waiting, buffer.find("0"), buffer.find("a")?.toString()]).toEqual([1, undefined, "1"]);
});
