import { describe, expect, test } from "vitest";
import { editFormOf, fieldText, typedValue } from "../../src/console/views/keys/edit-form.js";

describe("the form in which a value is edited", () => {
  for (const { name, value, kind } of [
    { name: "text", value: "one\ntwo\n", kind: "text" },
    { name: "text in UTF-8", value: "Z\xc3\xbcrich", kind: "text" },
    { name: "text with the ends of lines of Windows", value: "one\r\ntwo\r\n", kind: "text" },
    { name: "text with several ends of lines", value: "one\r\ntwo\n", kind: "base64" },
    { name: "text with lone carriage returns", value: "one\rtwo", kind: "base64" },
    { name: "bytes", value: "\xff\x00", kind: "base64" },
    { name: "nothing", value: "", kind: "text" },
  ]) {
    test(`of ${name} is ${kind}, and brings back every byte`, () => {
      const form = editFormOf(value);
      expect(form.kind).toBe(kind);
      // A field for text has no other ends of lines.
      const typed = fieldText(value, form).replace(/\r\n?/g, "\n");
      expect(typedValue(typed, form)).toBe(value);
    });
  }

  test("says when base64 is none", () => {
    expect(typedValue("&&", { kind: "base64" })).toBeUndefined();
    expect(typedValue(" /w\n== ", { kind: "base64" })).toBe("\xff");
  });
});
