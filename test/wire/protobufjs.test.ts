import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryMessage } from "./arbitrary.js";
import { messages } from "./messages.js";

const runs = { numRuns: 40 };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("arbitrary messages, compared with protobufjs", () => {
  for (const { name, codec, type } of messages.values()) {
    test(`${name} is encoded`, () => {
      fc.assert(
        fc.property(arbitraryMessage(type), ({ ours, theirs }) => {
          expect(hex(codec.encode(codec.create(ours)))).toBe(hex(type.encode(theirs).finish()));
        }),
        runs,
      );
    });

    test(`${name} is decoded`, () => {
      fc.assert(
        fc.property(arbitraryMessage(type), ({ ours, theirs }) => {
          expect(codec.decode(type.encode(theirs).finish())).toEqual(ours);
        }),
        runs,
      );
    });
  }
});
