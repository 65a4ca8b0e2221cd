import { expect, test } from "vitest";
import { formatDuration, parseBoolean, parseDuration, parseInteger } from "../../src/base/go-values.js";

for (const [text, want] of [
  ["1", true],
  ["t", true],
  ["T", true],
  ["TRUE", true],
  ["True", true],
  ["true", true],
  ["0", false],
  ["F", false],
  ["False", false],
  ["tRUE", undefined],
  ["yes", undefined],
  ["", undefined],
] as const) {
  test(`parseBoolean() reads "${text}" as ${want}`, () => expect(parseBoolean(text)).toBe(want));
}

for (const [text, want] of [
  ["0", 0n],
  ["128", 128n],
  ["-5", -5n],
  ["+7", 7n],
  ["0x1F", 31n],
  ["0b101", 5n],
  ["0o17", 15n],
  ["017", 15n],
  ["1_000", 1000n],
  ["18446744073709551616", 18446744073709551616n],
  ["1__0", undefined],
  ["_1", undefined],
  ["1_", undefined],
  ["08", undefined],
  ["1e5", undefined],
  ["1.5", undefined],
  ["", undefined],
  ["--1", undefined],
  [" 1", undefined],
] as const) {
  test(`parseInteger() reads "${text}" as ${want}`, () => expect(parseInteger(text)).toBe(want));
}

for (const [text, want] of [
  ["0", 0],
  ["100ms", 100],
  ["1h30m", 5_400_000],
  ["1.5s", 1_500],
  [".5s", 500],
  ["-2m", -120_000],
  ["10us", 0.01],
  ["10µs", 0.01],
  ["1m0s", 60_000],
  ["5", undefined],
  ["", undefined],
  ["s", undefined],
  ["1d", undefined],
  ["1 s", undefined],
  ["300000h", 1_080_000_000_000],
  ["3000000h", undefined],
] as const) {
  test(`parseDuration() reads "${text}" as ${want} ms`, () => expect(parseDuration(text)).toBe(want));
}

for (const [ms, want] of [
  [0, "0s"],
  [100, "100ms"],
  [1_500, "1.5s"],
  [60_000, "1m0s"],
  [7_200_000, "2h0m0s"],
  [0.01, "10µs"],
] as const) {
  test(`formatDuration() writes ${ms} ms as ${want}`, () => expect(formatDuration(ms)).toBe(want));
}
