import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { binaryOf } from "../../src/console/text/binary.js";
import { type DiffLine, diffLines, withContext } from "../../src/console/values/diff.js";
import { hexRow, hexText } from "../../src/console/values/hex.js";
import { depthMax, indentedJson, jsonLines, parseJson } from "../../src/console/values/json.js";
import { kubernetesObject, outline } from "../../src/console/values/kubernetes.js";
import { previewOf } from "../../src/console/values/preview.js";
import { protobufFields } from "../../src/console/values/protobuf.js";
import { comparableText, renderingsOf } from "../../src/console/values/rendering.js";

/** A field of a protobuf message with bytes of its own, such as a string. */
function field(number: number, bytes: string): string {
  return String.fromCharCode((number << 3) | 2, bytes.length) + bytes;
}

const pod =
  "k8s\x00" +
  field(1, field(1, "v1") + field(2, "Pod")) +
  field(2, `${field(1, field(1, "web-0") + field(3, "shop") + field(5, "9b1d"))}\x10\x2a${field(3, "\x01\x02\xff")}`) +
  field(3, "") +
  field(4, "");

describe("the way in which a value is shown", () => {
  for (const { name, value, first } of [
    { name: "text", value: binaryOf("grüße\n"), first: "text" },
    { name: "a JSON object", value: ' {"a": 1}', first: "json" },
    { name: "a number, which is JSON too", value: "42", first: "text" },
    { name: "broken JSON", value: '{"a": 1', first: "text" },
    { name: "bytes", value: "\xff\x00", first: "hex" },
    { name: "text with control characters", value: "a\x00b", first: "hex" },
    { name: "an object of Kubernetes", value: pod, first: "kubernetes" },
    { name: "the mark of Kubernetes before something else", value: "k8s\x00\xff\xff", first: "hex" },
    { name: "nothing", value: "", first: "text" },
  ]) {
    test(`${name} is shown as ${first}`, () => expect(renderingsOf(value)[0]).toBe(first));
  }

  test("every value can be shown as bytes", () => {
    for (const value of ["a", "{}", "\xff", pod])
      expect(renderingsOf(value)).toEqual(expect.arrayContaining(["hex", "base64"]));
  });

  for (const { name, value, preview } of [
    { name: "text in one line", value: "a\n  b", preview: { text: "a b", words: "" } },
    { name: "bytes by their size", value: "\xff\xff", preview: { words: "binary, 2 B" } },
    { name: "no bytes", value: "", preview: { words: "empty" } },
    { name: "an object of Kubernetes by its kind", value: pod, preview: { words: `Pod (v1), ${pod.length} B` } },
    {
      name: "long text to where it is cut, without half a character",
      value: `${"a".repeat(239)}\xc3\xbc`,
      preview: { text: `${"a".repeat(239)}…`, words: "" },
    },
  ]) {
    test(`a preview shows ${name}`, () => expect(previewOf(value)).toEqual(preview));
  }
});

describe("JSON", () => {
  test("is indented without a change of numbers, order or repeated names", () => {
    const text = '{"b":12345678901234567890,"a":[1e400,[],{}],"b":"\\u00fc\\n","10":null}';
    expect(indentedJson(parseJson(text) ?? { type: "array", items: [] }).split("\n")).toEqual([
      "{",
      '  "b": 12345678901234567890,',
      '  "a": [',
      "    1e400,",
      "    [],",
      "    {}",
      "  ],",
      '  "b": "ü\\n",',
      '  "10": null',
      "}",
    ]);
  });

  test("means the same when it is indented, whatever the document is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (document) => {
        const parsed = parseJson(JSON.stringify(document));
        expect(parsed).toBeDefined();
        if (parsed !== undefined)
          expect(JSON.parse(indentedJson(parsed))).toEqual(JSON.parse(JSON.stringify(document)));
      }),
    );
  });

  test("that is folded tells how much is inside", () => {
    const document = parseJson('{"list": [1, 2, 3], "one": {"a": 1}}');
    const lines = document && jsonLines(document, (_, depth) => depth > 0);
    expect(lines?.map(({ words }) => words.map(({ text }) => text).join(""))).toEqual([
      "{",
      '"list": [ 3 items ],',
      '"one": { 1 field }',
      "}",
    ]);
    expect(lines?.map(({ fold }) => fold)).toEqual(["open", "folded", "folded", undefined]);
  });

  test("that is nested too deeply is left as text", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    expect(parseJson(nested(depthMax))).toBeDefined();
    expect(parseJson(nested(depthMax + 1))).toBeUndefined();
  });

  test("is no JSON when the browser says so", () => {
    for (const text of ["", "{", "{a: 1}", "[1,]", "NaN"]) expect(parseJson(text)).toBeUndefined();
  });
});

describe("bytes", () => {
  test("are shown with offset and characters", () => {
    expect(hexRow("0123456789abcdef\x00é", 1)).toEqual({
      offset: "00000010",
      hex: "00 e9".padEnd(48),
      characters: "..",
    });
  });

  test("are copied as hexdump prints them", () => {
    expect(hexText("0123456789abcdef!")).toBe(
      [
        "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|",
        `00000010  ${"21".padEnd(48)}  |!|`,
      ].join("\n"),
    );
  });
});

describe("Kubernetes", () => {
  test("names the type and the object of an envelope", () => {
    expect(kubernetesObject(pod)).toMatchObject({
      apiVersion: "v1",
      kind: "Pod",
      name: "web-0",
      namespace: "shop",
      uid: "9b1d",
    });
  });

  test("shows the fields of the object by their numbers", () => {
    expect(outline(kubernetesObject(pod)?.fields ?? [])).toEqual([
      { depth: 0, number: 1, text: "" },
      { depth: 1, number: 1, text: '"web-0"' },
      { depth: 1, number: 3, text: '"shop"' },
      { depth: 1, number: 5, text: '"9b1d"' },
      { depth: 0, number: 2, text: "42" },
      { depth: 0, number: 3, text: "01 02 ff" },
    ]);
  });

  test("is not what only begins like it", () => {
    for (const value of ["k8s", "k8s\x00\x07", "k8s\x00\x0a\xff", "{}"])
      expect(kubernetesObject(value)).toBeUndefined();
  });

  test("takes any bytes for a message or for none, without an error", () => {
    const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => String.fromCharCode(...array));
    fc.assert(fc.property(bytes, (value) => outline(protobufFields(value) ?? []).length >= 0));
  });
});

describe("differences", () => {
  const signs = { same: " ", removed: "-", added: "+" };
  const shown = (lines: readonly DiffLine[]): string[] => lines.map(({ kind, text }) => signs[kind] + text);

  for (const { name, before, after, want } of [
    { name: "of equal texts are none", before: "a\nb\n", after: "a\nb\n", want: [" a", " b"] },
    { name: "show an added line", before: "a\nc", after: "a\nb\nc", want: [" a", "+b", " c"] },
    { name: "show a removed line", before: "a\nb\nc", after: "a\nc", want: [" a", "-b", " c"] },
    { name: "show a changed line", before: "a\nb\nc", after: "a\nx\nc", want: [" a", "-b", "+x", " c"] },
    { name: "show a new text", before: "", after: "a", want: ["+a"] },
    { name: "show a text that is gone", before: "a", after: "", want: ["-a"] },
    {
      name: "are the fewest",
      before: "a\nb\nc\na\nb\nb\na",
      after: "c\nb\na\nb\na\nc",
      want: ["-a", "-b", " c", "+b", " a", " b", "-b", " a", "+c"],
    },
  ]) {
    test(name, () => expect(shown(diffLines(before, after))).toEqual(want));
  }

  test("give both texts back, whatever they are", () => {
    const texts = fc.array(fc.constantFrom("a", "b", "c", ""), { maxLength: 14 });
    fc.assert(
      fc.property(texts, texts, (old, young) => {
        const lines = diffLines(`${old.join("\n")}\n`, `${young.join("\n")}\n`);
        const side = (left: DiffLine["kind"]) => lines.filter(({ kind }) => kind !== left).map(({ text }) => text);
        expect(side("added")).toEqual(old.length === 0 ? [""] : old);
        expect(side("removed")).toEqual(young.length === 0 ? [""] : young);
      }),
    );
  });

  test("number the lines of both texts", () => {
    expect(diffLines("a\nb", "b\nc").map(({ oldLine, newLine }) => [oldLine, newLine])).toEqual([
      [1, undefined],
      [2, 1],
      [undefined, 2],
    ]);
  });

  test("of texts without a common line end soon", () => {
    const many = (letter: string): string => Array.from({ length: 20_000 }, (_, at) => `${letter}${at}`).join("\n");
    const lines = diffLines(many("a"), many("b"));
    expect(lines.filter(({ kind }) => kind === "removed")).toHaveLength(20_000);
    expect(lines.filter(({ kind }) => kind === "added")).toHaveLength(20_000);
  });

  test("of long texts with many changes are found between lines that occur once", () => {
    const text = (changed: string): string =>
      Array.from({ length: 3_000 }, (_, at) => `line ${at}\n{\n${changed} ${at % 7}\n}`).join("\n");
    const lines = diffLines(text("old"), text("new"));
    expect(lines.filter(({ kind }) => kind === "removed")).toHaveLength(3_000);
    expect(lines.filter(({ kind }) => kind === "added")).toHaveLength(3_000);
    expect(lines.filter(({ kind }) => kind === "same")).toHaveLength(9_000);
  });

  test("leave out what is equal far from a change", () => {
    const before = "1\n2\n3\n4\n5\n6\n7\n8";
    const lines = withContext(diffLines(before, before.replace("4", "x")), 1);
    expect(lines.map((line) => (line.kind === "gap" ? `gap ${line.lines}` : signs[line.kind] + line.text))).toEqual([
      "gap 2",
      " 3",
      "-4",
      "+x",
      " 5",
      "gap 3",
    ]);
  });

  test("of JSON ignore how it is spaced", () => {
    expect(comparableText('{"a":1}')).toBe(comparableText('{ "a" : 1 }'));
    expect(comparableText("\xff")).toContain("ff");
  });
});
