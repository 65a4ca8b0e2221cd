import { serialize } from "node:v8";
import { expect, test } from "vitest";
import { readBE64, writeBE64 } from "../../src/base/index.js";
import { Reader } from "../../src/wire/reader.js";

/** Whether V8 keeps `value` as a small integer; it writes these with another tag than doubles. */
function isSmallInteger(value: number): boolean {
  const [, , tag] = serialize(value);
  return tag === "I".charCodeAt(0);
}

for (const value of [0, 1, 0x7fff_ffff, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER]) {
  test(`readBE64() returns ${value} as it was written`, () => {
    const bytes = new Uint8Array(10);
    writeBE64(bytes, 1, value);
    expect(readBE64(bytes, 1)).toBe(value);
  });
}

test("a small number that is read from disk or from the wire is a small integer", () => {
  // A double would make V8 copy objects again and again, see readBE64.
  const bytes = new Uint8Array(8);
  writeBE64(bytes, 0, 1_000);
  expect(isSmallInteger(readBE64(bytes, 0))).toBe(true);
  const varint = Buffer.of(0xe8, 0x07);
  expect(isSmallInteger(new Reader(varint).int53())).toBe(true);
  expect(isSmallInteger(new Reader(varint).uint53())).toBe(true);
  expect(isSmallInteger(0.5)).toBe(false);
});
