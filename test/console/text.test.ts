import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { href, placeOf } from "../../src/console/state/address.js";
import {
  binaryOf,
  bytesOfTyped,
  fromBase64,
  prefixEnd,
  prefixRange,
  shownKey,
  shownParts,
  textOf,
  toBase64,
  typedForm,
} from "../../src/console/text/binary.js";
import * as format from "../../src/console/text/format.js";
import { etcdctlLine, shellWord } from "../../src/console/text/shell.js";

const binaries = fc.uint8Array({ maxLength: 40 }).map((bytes) => String.fromCharCode(...bytes));

describe("binary strings", () => {
  test("text becomes its UTF-8 bytes and back; other bytes are no text", () => {
    expect(binaryOf("ü€")).toBe("\xc3\xbc\xe2\x82\xac");
    expect(textOf("\xc3\xbc")).toBe("ü");
    expect(textOf("\xff")).toBeUndefined();
  });

  test("base64 that is none gives no bytes", () => {
    expect(fromBase64("/w==")).toBe("\xff");
    expect(fromBase64("*")).toBe("");
    expect(toBase64("\xff")).toBe("/w==");
  });

  for (const { prefix, end } of [
    { prefix: "a/", end: "a0" },
    { prefix: "a\xff", end: "b" },
    { prefix: "\xff\xff", end: "\x00" },
    { prefix: "", end: "\x00" },
  ]) {
    test(`the range of the prefix ${JSON.stringify(prefix)} ends at ${JSON.stringify(end)}`, () => {
      expect(prefixEnd(prefix)).toBe(end);
    });
  }

  test("the range of all keys begins at the first possible key", () => {
    expect(prefixRange("")).toEqual({ key: "\x00", rangeEnd: "\x00" });
  });

  for (const { name, key, shown } of [
    { name: "text is shown as it is", key: binaryOf("app/ü"), shown: "app/ü" },
    { name: "control characters are escaped", key: "a\x00b\n", shown: "a\\x00b\\x0a" },
    { name: "bytes that are no UTF-8 are escaped", key: "\xff\xc3(", shown: "\\xff\\xc3(" },
    { name: "a character that is cut off is escaped", key: "a\xe2\x82", shown: "a\\xe2\\x82" },
    {
      name: "marks that turn the direction of text are escaped",
      key: binaryOf("a\u202eb"),
      shown: "a\\xe2\\x80\\xaeb",
    },
  ]) {
    test(name, () => expect(shownKey(key)).toBe(shown));
  }

  test("escaped and readable parts are told apart", () => {
    expect(shownParts("a\xff")).toEqual([
      { text: "a", escaped: false },
      { text: "\\xff", escaped: true },
    ]);
  });

  test("what a field shows of any key means that key when it is typed", () => {
    fc.assert(
      fc.property(binaries, (key) => {
        expect(bytesOfTyped(typedForm(key))).toBe(key);
      }),
    );
    expect(bytesOfTyped(typedForm("a\\xffb\\\\"))).toBe("a\\xffb\\\\");
  });
});

describe("places in the address", () => {
  test("any key survives the address", () => {
    fc.assert(
      fc.property(binaries, (key) => {
        expect(placeOf(href("keys", { key }))).toEqual({ view: "keys", parameters: { key } });
      }),
    );
  });

  test("separators stay legible, and absent parameters are left out", () => {
    expect(href("keys", { prefix: "app/users/", revision: 7, key: undefined })).toBe(
      "#/keys?prefix=app/users/&revision=7",
    );
    expect(href("live")).toBe("#/live");
  });

  test("characters that a browser shows unescaped are read as UTF-8", () => {
    expect(placeOf("#/keys?key=ü").parameters).toEqual({ key: "\xc3\xbc" });
  });

  test("the page without a place is the first view", () => {
    expect(placeOf("")).toEqual({ view: "", parameters: {} });
  });
});

describe("numbers for people", () => {
  for (const { shown, text } of [
    { shown: format.bytesText(0), text: "0 B" },
    { shown: format.bytesText(1023), text: "1023 B" },
    { shown: format.bytesText(1024), text: "1 KiB" },
    { shown: format.bytesText(1_500_000), text: "1.43 MiB" },
    { shown: format.bytesText(1024 ** 3 - 1), text: "1 GiB" },
    { shown: format.countText(1_234_567), text: "1,234,567" },
    { shown: format.shortCount(999), text: "999" },
    { shown: format.shortCount(1_250_000), text: "1.25 M" },
    { shown: format.durationText(0), text: "0 s" },
    { shown: format.durationText(59.9), text: "59 s" },
    { shown: format.durationText(3_600), text: "1 h" },
    { shown: format.durationText(90_061), text: "1 d 1 h" },
    { shown: format.durationText(125), text: "2 min 5 s" },
    { shown: format.millisText(0.417), text: "0.42 ms" },
    { shown: format.millisText(1_340), text: "1.34 s" },
    { shown: format.rateText(0.25), text: "0.25" },
    { shown: format.rateText(1_234.5), text: "1,235" },
    { shown: format.shareText(0.004), text: "<1 %" },
    { shown: format.shareText(0.42), text: "42 %" },
    { shown: format.hexId("9372538179322589801"), text: "8211f1d0f64f3269" },
    { shown: format.hexId("-1"), text: "ffffffffffffffff" },
    { shown: format.counted(1, "key"), text: "1 key" },
    { shown: format.counted(2_000, "key"), text: "2,000 keys" },
  ]) {
    test(`${text} is shown`, () => expect(shown).toBe(text));
  }
});

describe("command lines", () => {
  for (const { word, line } of [
    { word: "app/users:1", line: "app/users:1" },
    { word: "", line: "''" },
    { word: "two words", line: "'two words'" },
    { word: "it's", line: "'it'\\''s'" },
    { word: "$HOME", line: "'$HOME'" },
    { word: binaryOf("ü"), line: "'ü'" },
    { word: "a\x00'\\", line: "$'a\\x00\\'\\\\'" },
    { word: "\x01f", line: "$'\\x01'$'f'" },
  ]) {
    test(`${JSON.stringify(word)} is the word ${line}`, () => expect(shellWord(word)).toBe(line));
  }

  test("etcdctl's line quotes its words", () => {
    expect(etcdctlLine(["get", "a b"])).toBe("etcdctl get 'a b'");
  });
});
