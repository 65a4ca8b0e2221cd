import { expect, test } from "vitest";
import { AlikeMessages, messagePrefix } from "../../../src/rpc/grpc/sent-messages.js";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

for (const { name, own } of [
  { name: "of one length", own: ["a", "b", "c"] },
  { name: "of several lengths", own: ["a", "b", "long", "more", "", "", "c", "d"] },
  { name: "of which there is one", own: ["a"] },
  { name: "of which there is none", own: [] },
]) {
  test(`alike messages ${name} are framed as one by one`, () => {
    const messages = new AlikeMessages(bytes("head "), own.map(bytes), bytes(" and the end"));
    const oneByOne = [...messages.each()].flatMap(({ length, pieces }) => [messagePrefix(length), ...pieces]);
    expect(Buffer.from(messages.framed())).toEqual(Buffer.concat(oneByOne));
  });
}
