import { describe, expect, test } from "vitest";
import { asError, errorCode, errorStack, errorText } from "../../src/base/index.js";

const withCode = Object.assign(new Error("open /x: gone"), { code: "ENOENT" });

describe("errorText(), errorCode() and asError()", () => {
  for (const { name, value, text, code } of [
    { name: "an Error", value: new Error("broken"), text: "broken", code: "" },
    { name: "an Error of the system", value: withCode, text: "open /x: gone", code: "ENOENT" },
    { name: "an Error whose code is a number", value: Object.assign(new Error("x"), { code: 5 }), text: "x", code: "" },
    { name: "a text", value: "broken", text: "broken", code: "" },
    { name: "undefined", value: undefined, text: "undefined", code: "" },
  ] as const) {
    test(`accept ${name}`, () => {
      expect([errorText(value), errorCode(value)]).toEqual([text, code]);
      expect(asError(value).message).toBe(text);
      if (value instanceof Error) expect(asError(value)).toBe(value);
    });
  }

  test("errorStack() begins with the message, and is only the message without a stack", () => {
    const bare = new Error("bare");
    delete bare.stack;
    expect(errorStack(withCode)).toContain("open /x: gone\n");
    expect([errorStack(bare), errorStack("text")]).toEqual(["bare", "text"]);
  });
});
