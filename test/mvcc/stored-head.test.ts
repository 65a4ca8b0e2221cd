import fc from "fast-check";
import { expect, test } from "vitest";
import { readStoredHead, readStoredKey } from "../../src/mvcc/stored-head.js";
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
