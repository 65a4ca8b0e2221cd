import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32c } from "../../src/base/index.js";

for (const { name, bytes, want } of [
  { name: "of nothing", bytes: Buffer.alloc(0), want: 0 },
  { name: "of the check string of the CRC catalogues", bytes: Buffer.from("123456789"), want: 0xe3069283 },
  { name: "of 32 zero bytes (RFC 3720 B.4)", bytes: Buffer.alloc(32), want: 0x8a9136aa },
  { name: "of 32 bytes of ones (RFC 3720 B.4)", bytes: Buffer.alloc(32, 0xff), want: 0x62a8ab43 },
  {
    name: "of 0 to 31 (RFC 3720 B.4)",
    bytes: Buffer.from(Array.from({ length: 32 }, (_, at) => at)),
    want: 0x46dd794e,
  },
]) {
  test(`crc32c() ${name}`, () => expect(crc32c(bytes)).toBe(want));
}

test("crc32c() can be continued from part to part", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(64), (whole, cut) => {
      expect(crc32c(whole.subarray(cut), crc32c(whole.subarray(0, cut)))).toBe(crc32c(whole));
    }),
  );
});

test("crc32c() of many bytes is what a sum of each byte alone gives, wherever the bytes lie", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 400, maxLength: 700, size: "max" }), fc.nat(9), (whole, from) => {
      let sum = 0;
      for (const byte of whole.subarray(from)) sum = crc32c(Uint8Array.of(byte), sum);
      expect(crc32c(whole.subarray(from))).toBe(sum);
    }),
  );
});
