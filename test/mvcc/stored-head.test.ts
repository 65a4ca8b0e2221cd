import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteSlab } from "../../src/base/index.js";
import { readStoredHead, readStoredKey, storedTombstone, tombstoneKeyAt } from "../../src/mvcc/stored-head.js";
import { KeyValue } from "../../src/wire/index.js";

const counter = fc.maxSafeNat();

test("readStoredHead() gives the same as decoding the whole pair", () => {
  fc.assert(
    fc.property(
      fc.record({
        key: fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
        createRevision: counter,
        modRevision: counter,
        version: counter,
        value: fc.uint8Array({ maxLength: 300 }),
        lease: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      }),
      (kv) => {
        const bytes = KeyValue.encode(kv);
        const { key, createRevision, version, lease } = kv;
        expect(readStoredHead(bytes)).toEqual({ key, createRevision, version, leaseId: lease });
        expect(readStoredKey(bytes)).toBe(key);
      },
    ),
  );
});

test("readStoredHead() refuses a pair that is cut", () => {
  const bytes = KeyValue.encode(KeyValue.create({ key: "key", modRevision: 2, value: Buffer.from("value") }));
  expect(() => readStoredHead(bytes.subarray(0, bytes.length - 2))).toThrow("ends where its last field ends");
});

test("storedTombstone() gives the bytes of a pair that holds only the key, whatever its length", () => {
  const slab = new ByteSlab();
  for (const length of [0, 1, 2, 126, 127, 128, 129, 255, 256, 16_382, 16_383, 16_384, 16_385, 70_000]) {
    const key = String.fromCharCode(0, 0xff, 0x80, 0x61)
      .repeat(Math.ceil(length / 4))
      .slice(0, length);
    const stored = storedTombstone(key, slab);
    expect(Buffer.compare(stored, KeyValue.encode(KeyValue.create({ key })))).toBe(0);
    expect(readStoredKey(stored)).toBe(key);
    expect(Buffer.from(stored).toString("latin1", tombstoneKeyAt(stored.length))).toBe(key);
  }
});
