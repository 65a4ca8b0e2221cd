import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadJsonForms } from "../../src/wire/index.js";
import { parseBase64 } from "../../src/wire/json/parse.js";
import { JsonReader } from "../../src/wire/json/reader.js";

// Tests how much work the JSON of an anonymous client can make before it is refused.

const forms = await loadJsonForms();
const valueBytesMax = 8 * 1024 * 1024;

/** Scans a text in pieces, as from a connection. @returns the value, and the bytes that were scanned by its end */
function scan(text: string): { readonly value: Buffer | undefined; readonly bytes: number; readonly refusal: string } {
  const scanner = forms.scanner(valueBytesMax);
  const bytes = Buffer.from(text);
  const pieceBytes = 16 * 1024;
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    scanner.push(bytes.subarray(at, at + pieceBytes));
    try {
      const value = scanner.next();
      if (value !== undefined) return { value, bytes: at + pieceBytes, refusal: "" };
    } catch (error) {
      return { value: undefined, bytes: at + pieceBytes, refusal: String(error) };
    }
  }
  return { value: undefined, bytes: bytes.length, refusal: "" };
}

describe("a value is refused as soon as it makes too much work", () => {
  for (const { name, text, refusal, bytes } of [
    {
      name: "a number of millions of digits",
      text: `{"limit":${"9".repeat(7_900_000)}}`,
      refusal: "a number of more than 1000 characters",
      bytes: 20_000,
    },
    {
      name: "a fraction of millions of digits",
      text: `{"limit":1.${"0".repeat(7_900_000)}1}`,
      refusal: "a number of more than 1000 characters",
      bytes: 20_000,
    },
    {
      name: "a number of many digits in an unknown field",
      text: `{"x":[1,${"9".repeat(2_000)}]}`,
      refusal: "a number of more than 1000 characters",
      bytes: 20_000,
    },
    {
      name: "millions of objects",
      text: `{"compare":[${"{},".repeat(2_600_000)}{}]}`,
      refusal: "a JSON value of more than 20000 tokens",
      bytes: 40_000,
    },
    {
      name: "thousands of brackets, closed and opened again",
      text: `{"x":[${"[],".repeat(2_600_000)}[]]}`,
      refusal: "a JSON value of more than 20000 tokens",
      bytes: 40_000,
    },
    {
      name: "thousands of unknown fields",
      text: `{${Array.from({ length: 100_000 }, (_, at) => `"${at}":0`).join(",")}}`,
      refusal: "a JSON value of more than 20000 tokens",
      bytes: 70_000,
    },
    {
      name: "millions of escapes",
      text: `{"key":"${"\\n".repeat(4_000_000)}"}`,
      refusal: "a JSON value of more than 262144 blanks and escaped characters",
      bytes: 550_000,
    },
    {
      name: "millions of blanks",
      text: `{${" \n".repeat(4_000_000)}}`,
      refusal: "a JSON value of more than 262144 blanks and escaped characters",
      bytes: 300_000,
    },
  ]) {
    test(name, () => {
      const found = scan(text);
      expect(found.refusal).toContain(refusal);
      expect(found.bytes).toBeLessThan(bytes);
    });
  }
});

describe("usual requests are far below the limit", () => {
  test("a transaction of 128 operations on each side", () => {
    const compare = { key: "YQ==", target: "VERSION", version: "1", result: "EQUAL", range_end: "Yg==" };
    const put = { request_put: { key: "YQ==", value: "YQ==", lease: "1", prev_kv: true, ignore_value: false } };
    const all = <T>(one: T): T[] => Array.from({ length: 128 }, () => one);
    const text = JSON.stringify({ compare: all(compare), success: all(put), failure: all(put) });
    const { value } = scan(text);
    expect(forms.parse("etcdserverpb.TxnRequest", value ?? Buffer.alloc(0)).length).toBeGreaterThan(128 * 3 * 10);
  });

  test("a value of 1.5 MiB, with all its slashes escaped", () => {
    const value = Buffer.alloc(1_536 * 1_024);
    for (let at = 0; at < value.length; at++) value[at] = (at * 167) % 256;
    const text = JSON.stringify({ key: "YQ==", value: value.toString("base64") }).replaceAll("/", "\\/");
    const message = forms.parse("etcdserverpb.PutRequest", scan(text).value ?? Buffer.alloc(0));
    expect(Buffer.from(message).includes(value)).toBe(true);
  });

  test("each value of a stream has its own limit", () => {
    const one = `{"create_request":{"key":"YQ==","filters":[${"0,".repeat(2_000)}0]}}\n`;
    const scanner = forms.scanner(valueBytesMax);
    let values = 0;
    for (let at = 0; at < 50; at++) {
      scanner.push(Buffer.from(one));
      if (scanner.next() !== undefined) values++;
    }
    expect(values).toBe(50);
  });
});

test("the bytes of a string are not read again for each escape or each string", () => {
  const pairs = 20_000;
  const looked = countingReads(Buffer.from(`["${"\\ud83d\\ude00".repeat(pairs)}",${'"a",'.repeat(5_000)}"\\n"]`));
  const reader = new JsonReader(looked.bytes);
  reader.read();
  reader.read();
  expect(reader.text).toBe("\u{1f600}".repeat(pairs));
  let kind = reader.read();
  while (kind !== "]") kind = reader.read();
  expect(looked.copied()).toBeLessThan(3 * looked.bytes.length);
});

/** Bytes that count how many of them are converted to text and searched for a backslash. */
function countingReads(bytes: Buffer): { readonly bytes: Buffer; copied(): number } {
  let copied = 0;
  const { indexOf, toString: textOf } = bytes;
  bytes.indexOf = (...asked: unknown[]) => {
    const found = Reflect.apply(indexOf, bytes, asked) as number;
    const from = Number(asked[1] ?? 0);
    copied += (found < 0 ? bytes.length : found) - from;
    return found;
  };
  bytes.toString = (encoding, start = 0, end = bytes.length) => {
    copied += end - start;
    return Reflect.apply(textOf, bytes, [encoding, start, end]) as string;
  };
  return { bytes, copied: () => copied };
}

test("base64 is accepted in both alphabets, with or without padding, and other text is refused", () => {
  const byRule = (text: string): boolean => {
    const url = /[-_]/.test(text);
    const digits = text.replace(/[\r\n]/g, "");
    const found = (url ? /^[-_A-Za-z0-9]*(={0,2})$/ : /^[+/A-Za-z0-9]*(={0,2})$/).exec(digits);
    if (found === null) return false;
    const padding = found[1]?.length ?? 0;
    if ((digits.length - padding) % 4 === 1) return false;
    return text.length % 4 === 0 ? digits.length % 4 === 0 : padding === 0;
  };
  const character = fc.constantFrom(..."ABab01+/-_==\r\n !\u00e9\u4e2d");
  const texts = fc.oneof(
    fc.string({ unit: character, maxLength: 24 }),
    fc.uint8Array({ maxLength: 24 }).map((bytes) => Buffer.from(bytes).toString("base64")),
    fc.uint8Array({ maxLength: 24 }).map((bytes) => Buffer.from(bytes).toString("base64url")),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const bytes = parseBase64(text);
      expect(bytes !== undefined, JSON.stringify(text)).toBe(byRule(text));
      if (bytes !== undefined) expect(bytes).toEqual(Buffer.from(text.replace(/[\r\n]/g, ""), "base64"));
    }),
    { numRuns: 5_000 },
  );
});

test("text outside of ASCII, which is slow to decode, is limited to a megabyte in a value", () => {
  const wide = (characters: number) => Buffer.from(`{"name":"${"é".repeat(characters)}"}`);
  expect(forms.parse("etcdserverpb.AuthUserAddRequest", wide(500_000)).length).toBeGreaterThan(1_000_000);
  expect(() => forms.parse("etcdserverpb.AuthUserAddRequest", wide(600_000))).toThrow("beyond ASCII");
  const pieces = Array.from({ length: 20 }, () => `{"key":"${"é".repeat(50_000)}"}`).join(",");
  expect(() => forms.parse("etcdserverpb.TxnRequest", Buffer.from(`{"compare":[${pieces}]}`))).toThrow();
});
