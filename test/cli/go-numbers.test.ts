import { expect, test } from "vitest";
import { humanSize } from "../../src/cli/index.js";

test.each([
  [0, "0 B"],
  [9, "9 B"],
  [999, "999 B"],
  [1_000, "1.0 kB"],
  [9_999, "10 kB"],
  [20_480, "20 kB"],
  [21_500, "22 kB"],
  [20_501, "20 kB"],
  [1_048_576, "1.0 MB"],
  [10_551_296, "11 MB"],
])("humanSize(%i) is %s, as Go rounds it", (bytes, text) => {
  expect(humanSize(bytes)).toBe(text);
});
