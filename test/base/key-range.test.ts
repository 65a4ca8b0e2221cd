import { describe, expect, test } from "vitest";
import {
  intervalOf,
  isEmptyRange,
  isInRange,
  isOneKey,
  keyAfter,
  prefixEnd,
  prefixRange,
  rangeFrom,
  upperBoundOf,
} from "../../src/base/index.js";

const keys = ["\0", "\0\0", "a", "a\0", "a\0\0", "aa", "b", "\xff", "\xff\xff"];

describe("a range of keys", () => {
  for (const { name, key, end, holds } of [
    { name: "an empty end means only the key", key: "a", end: "", holds: ["a"] },
    { name: "any other end is the first key after the range", key: "a", end: "aa", holds: ["a", "a\0", "a\0\0"] },
    { name: "an end below the key makes the range empty", key: "b", end: "a", holds: [] },
    { name: "an end equal to the key makes the range empty", key: "a", end: "a", holds: [] },
    { name: 'an end of "\\0" means every key from the key on', key: "b", end: "\0", holds: ["b", "\xff", "\xff\xff"] },
    { name: 'the key "\\0" and the end "\\0" mean all keys', key: "\0", end: "\0", holds: keys },
  ] as const) {
    test(name, () => {
      const { low, high } = intervalOf(key, end);
      expect(keys.filter((each) => isInRange(each, key, end))).toEqual(holds);
      expect(keys.filter((each) => each >= low && each < high)).toEqual(holds);
      expect(isEmptyRange(key, end)).toBe(holds.length === 0);
      const bound = upperBoundOf(end);
      if (!isOneKey(end)) {
        expect(keys.filter((each) => each >= key && (bound === undefined || each < bound))).toEqual(holds);
      }
    });
  }

  test("there is no key between a key and the next one", () => {
    expect(keys.filter((each) => each > "a" && each < keyAfter("a"))).toEqual([]);
    expect(keyAfter("a")).toBe("a\0");
  });

  for (const { prefix, end } of [
    { prefix: "a", end: "b" },
    { prefix: "a\xff", end: "b" },
    { prefix: "\xff\xff", end: "\0" },
    { prefix: "", end: "\0" },
  ]) {
    test(`the keys that start with ${JSON.stringify(prefix)} end before ${JSON.stringify(end)}`, () => {
      const { key, rangeEnd } = prefixRange(prefix);
      expect([prefixEnd(prefix), rangeEnd]).toEqual([end, end]);
      expect(keys.filter((each) => isInRange(each, key, rangeEnd))).toEqual(
        keys.filter((each) => each.startsWith(prefix)),
      );
    });
  }

  test("the range of all keys from a key on, and of all keys from an empty one on", () => {
    expect([rangeFrom("b"), rangeFrom("")]).toEqual([
      { key: "b", rangeEnd: "\0" },
      { key: "\0", rangeEnd: "\0" },
    ]);
  });
});
