import fc from "fast-check";
import { expect, test } from "vitest";
import { KeyRanges } from "../../src/auth/key-ranges.js";

for (const { name, granted, asked, want } of [
  { name: "a key", granted: [["b", ""]], asked: ["b", ""], want: true },
  { name: "a key is not the one behind it", granted: [["b", ""]], asked: ["b\0", ""], want: false },
  { name: "a key as a range", granted: [["b", ""]], asked: ["b", "b\0"], want: true },
  { name: "the end of a range is not in it", granted: [["b", "d"]], asked: ["d", ""], want: false },
  {
    name: "two ranges that touch are one",
    granted: [
      ["b", "c"],
      ["c", "d"],
    ],
    asked: ["b", "d"],
    want: true,
  },
  {
    name: "two keys beside each other are one",
    granted: [
      ["b", ""],
      ["b\0", ""],
    ],
    asked: ["b", "b\0\0"],
    want: true,
  },
  {
    name: "a gap is one",
    granted: [
      ["b", "c"],
      ["c\0", "d"],
    ],
    asked: ["b", "d"],
    want: false,
  },
  {
    name: "a range within another adds nothing",
    granted: [
      ["b", "f"],
      ["c", "d"],
    ],
    asked: ["e", "f"],
    want: true,
  },
  { name: "an open end covers open ends", granted: [["b", "\0"]], asked: ["c", "\0"], want: true },
  { name: "no closed one does", granted: [["b", "\xff\xff"]], asked: ["c", "\0"], want: false },
  { name: "an open end covers the last keys", granted: [["b", "\0"]], asked: ["\xff\xff", ""], want: true },
  { name: "everything", granted: [["\0", "\0"]], asked: ["\0", "\0"], want: true },
  { name: "an inverted grant is none", granted: [["d", "b"]], asked: ["c", ""], want: false },
  { name: "an empty range counts by its start", granted: [["b", "d"]], asked: ["c", "c"], want: true },
  { name: "also where that is not", granted: [["b", "d"]], asked: ["d", "d"], want: false },
] as const) {
  test(`KeyRanges: ${name}`, () => {
    const ranges = new KeyRanges(granted.map(([key, end]) => ({ key, end })));
    expect(ranges.covers(asked[0], asked[1])).toBe(want);
  });
}

test("KeyRanges: a range is covered when every key of it is in one of the ranges", () => {
  const key = fc.integer({ min: 1, max: 30 }).map((at) => String.fromCharCode(64 + at));
  const range = fc.tuple(key, fc.oneof(key, fc.constantFrom("", "\0")));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 6 }), range, (granted, [from, to]) => {
      const covered = new KeyRanges(granted.map(([low, end]) => ({ key: low, end }))).covers(from, to);
      const keys = Array.from({ length: 40 }, (_, at) => String.fromCharCode(64 + at)).flatMap((at) => [at, `${at}\0`]);
      const within = (low: string, end: string, at: string): boolean =>
        end === "" ? at === low : at >= low && (end === "\0" || at < end);
      const wanted = keys.filter((at) => at === from || within(from, to, at));
      expect(covered).toBe(
        wanted.every((at) => granted.some(([low, end]) => within(low, end, at))) &&
          (to !== "\0" || granted.some(([, end]) => end === "\0")),
      );
    }),
  );
});
