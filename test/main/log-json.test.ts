import { afterEach, describe, expect, test, vi } from "vitest";
import type { LogFields } from "../../src/base/index.js";
import { jsonLines } from "../../src/main/log-json.js";
import { consoleLine, journalLine, terminalLine } from "../../src/main/log-lines.js";

function lineOf(message: string, fields?: LogFields): string {
  let line = "";
  jsonLines("debug", (text) => {
    line += text;
  }).warn(message, fields);
  return line;
}

const circle: { self?: unknown } = {};
circle.self = circle;

describe("a line of JSON", () => {
  afterEach(() => void vi.useRealTimers());

  const before = '{"level":"warn","ts":"2026-01-02T03:04:05.678Z","msg":"text"';
  for (const { name, fields, want } of [
    { name: "has level, time and message first", fields: undefined, want: "}" },
    { name: "has the fields after them", fields: { b: 1, a: "x", c: true }, want: ',"b":1,"a":"x","c":true}' },
    { name: "omits a field without a value", fields: { a: undefined, b: null }, want: ',"b":null}' },
    { name: "has ids in hexadecimal", fields: { id: 0x8e9e05c52164694dn }, want: ',"id":"8e9e05c52164694d"}' },
    { name: "has negative ids as 64 bits", fields: { id: -1n }, want: ',"id":"ffffffffffffffff"}' },
    { name: "has errors as their text", fields: { err: new Error("no"), b: 1 }, want: ',"err":"no","b":1}' },
    {
      name: "has ids and errors in these forms at any depth",
      fields: { members: [{ id: 255n, fault: new Error("no") }] },
      want: ',"members":[{"id":"ff","fault":"no"}]}',
    },
    {
      name: "is one line with any value of a field",
      fields: { text: 'a\n"b"\\\u0000\u2028\ud800é', "k\n": [1.5, "\n"] },
      want: ',"text":"a\\n\\"b\\"\\\\\\u0000\u2028\\ud800é","k\\n":[1.5,"\\n"]}',
    },
    {
      name: "has null for numbers that JSON cannot express",
      fields: { a: Number.NaN, b: [Infinity] },
      want: ',"a":null,"b":[null]}',
    },
    {
      name: "has the beginning and the length of a long text",
      fields: { host: "h".repeat(65_536), list: ["k".repeat(4_097)], whole: "w".repeat(4_096) },
      want:
        `,"host":"${"h".repeat(4_096)}... (65536 characters)","list":["${"k".repeat(4_096)}... (4097 characters)"],` +
        `"whole":"${"w".repeat(4_096)}"}`,
    },
    { name: "has no placeholders", fields: { "%s": "%d" }, want: ',"%s":"%d"}' },
  ]) {
    test(name, () => {
      vi.useFakeTimers({ now: new Date("2026-01-02T03:04:05.678Z") });
      expect(lineOf("text", fields)).toBe(`${before}${want}\n`);
    });
  }

  test("is written without a field that cannot be converted", () => {
    const { ts, ...rest } = JSON.parse(lineOf("a %s", { circle, after: 1 }));
    expect(rest).toEqual({ level: "warn", msg: "a %s", circle: { unprintable: expect.any(String) }, after: 1 });
    expect(ts).toMatch(/Z$/);
  });
});

test("messages below the minimum level make no line", () => {
  const lines: string[] = [];
  const { debug, info, warn, error, fatal } = jsonLines("warn", (line) => lines.push(line));
  for (const write of [debug, info, warn, error, fatal]) write("text");
  expect(lines.map((line) => JSON.parse(line).level)).toEqual(["warn", "error", "fatal"]);
});

test("other formats have the same content", () => {
  const line = lineOf("text", { id: 255n, list: ["a b"], text: "a b" });
  expect(consoleLine(line)).toMatch(/^\S+Z\twarn\ttext\t\{"id":"ff","list":\["a b"\],"text":"a b"\}\n$/);
  expect(consoleLine(lineOf("text"))).toMatch(/Z\twarn\ttext\n$/);
  expect(journalLine(line)).toBe(`<4>${line}`);
  expect(terminalLine(line)).toMatch(/^\d\d:\d\d:\d\d WARN {2}text {2}id=ff {2}list=\["a b"\] {2}text=a b\n$/);
});
