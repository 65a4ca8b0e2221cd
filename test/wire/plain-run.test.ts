import { expect, test } from "vitest";
import { endOfPlainRun } from "../../src/wire/json/plain-run.js";

function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte !== 0x22 && byte !== 0x5c;
}

test("a run of a string's plain characters ends before each other byte, wherever it is", () => {
  for (let byte = 0; byte < 256; byte++) {
    for (let at = 0; at < 9; at++) {
      // The neighbours are as near to the bytes looked for as plain characters are.
      const bytes = Buffer.from([0xff, 0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0xa2, 0xdc, 0x20]);
      bytes[at] = byte;
      for (const from of [0, 1, 2, 3]) {
        const end = endOfPlainRun(bytes, from, 10);
        expect([byte, at, from, end]).toEqual([byte, at, from, isPlain(byte) || at < from ? 10 : at]);
      }
    }
  }
});

test("a run ends where it is told to, in front of a quotation mark, too", () => {
  const bytes = Buffer.from('abcdefgh"');
  for (let to = 0; to <= 8; to++) expect(endOfPlainRun(bytes, 0, to)).toBe(to);
  expect(endOfPlainRun(bytes, 0, 9)).toBe(8);
});
