import fc from "fast-check";
import { expect, test } from "vitest";
import { KeyRanges } from "../../src/auth/key-ranges.js";

for (const { name, granted, asked, want } of [
  { name: "a key", granted: [["b", ""]], asked: ["b", ""], want: true },
  { name: "a key does not cover the next key", granted: [["b", ""]], asked: ["b\0", ""], want: false },
  { name: "a key as a range", granted: [["b", ""]], asked: ["b", "b\0"], want: true },
  { name: "a range does not cover its end", granted: [["b", "d"]], asked: ["d", ""], want: false },
  {
    name: "two adjacent ranges are merged",
    granted: [
      ["b", "c"],
      ["c", "d"],
    ],
    asked: ["b", "d"],
    want: true,
  },
  {
    name: "two adjacent keys are merged",
    granted: [
      ["b", ""],
      ["b\0", ""],
    ],
    asked: ["b", "b\0\0"],
    want: true,
  },
  {
    name: "a gap between ranges is not covered",
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
  { name: "a range without an end covers another one", granted: [["b", "\0"]], asked: ["c", "\0"], want: true },
  {
    name: "a range with an end does not cover one without",
    granted: [["b", "\xff\xff"]],
    asked: ["c", "\0"],
    want: false,
  },
  { name: "a range without an end covers the last keys", granted: [["b", "\0"]], asked: ["\xff\xff", ""], want: true },
  { name: "all keys", granted: [["\0", "\0"]], asked: ["\0", "\0"], want: true },
  { name: "an inverted range covers nothing", granted: [["d", "b"]], asked: ["c", ""], want: false },
  { name: "an empty range is covered if its start is", granted: [["b", "d"]], asked: ["c", "c"], want: true },
  { name: "an empty range is not covered if its start is not", granted: [["b", "d"]], asked: ["d", "d"], want: false },
] as const) {
  test(`KeyRanges: ${name}`, () => {
    const ranges = new KeyRanges(granted.map(([key, end]) => ({ key, end })));
    expect(ranges.covers(asked[0], asked[1])).toBe(want);
  });
}

test("KeyRanges: a range is covered if all its keys are in the ranges", () => {
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
