import fc from "fast-check";
import { expect, test } from "vitest";
import { type ConfChangeContext, encodeConfChangeContext, encodeMember } from "../../src/cluster/index.js";
import { decodeAttributes, decodeConfChangeContext, decodeMember, encodeAttributes } from "../../src/cluster/json.js";
import { member, memberId } from "./fixtures.js";

const golden = member(1, { id: memberId(3319814642761637952n), peerUrls: ["http://127.0.0.1:23800"], name: "d&1" });

// The texts are from the log and the database of an etcd 3.5.30 with the name "d&1".
for (const { name, value, text } of [
  {
    name: "a member without published attributes",
    value: golden,
    text: String.raw`{"id":3319814642761637952,"peerURLs":["http://127.0.0.1:23800"],"name":"d\u00261"}`,
  },
  {
    name: "a member with published attributes",
    value: { ...golden, clientUrls: ["http://127.0.0.1:23790"] },
    text:
      String.raw`{"id":3319814642761637952,"peerURLs":["http://127.0.0.1:23800"],"name":"d\u00261",` +
      `"clientURLs":["http://127.0.0.1:23790"]}`,
  },
  {
    name: "a learner",
    value: { ...golden, name: "", isLearner: true },
    text: `{"id":3319814642761637952,"peerURLs":["http://127.0.0.1:23800"],"isLearner":true}`,
  },
] as const) {
  test(`${name} is written as in etcd, and can be read back`, () => {
    expect(encodeMember(value)).toBe(text);
    expect(decodeMember(text)).toEqual(value);
  });
}

const members = fc.record({
  id: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(memberId),
  name: fc.string({ unit: "binary" }),
  peerUrls: fc.array(fc.string({ unit: "binary" })),
  clientUrls: fc.array(fc.string()),
  isLearner: fc.boolean(),
});

test("the contexts of conf changes of arbitrary members can be read back", () => {
  fc.assert(
    fc.property(members, fc.boolean(), (value, isPromote) => {
      const context: ConfChangeContext = { member: value, isPromote };
      expect(decodeConfChangeContext(encodeConfChangeContext(context))).toEqual(context);
    }),
  );
});

test("a context ends with the promotion flag, which the contexts of founding members lack", () => {
  const text = Buffer.from(encodeConfChangeContext({ member: golden, isPromote: true })).toString("utf8");
  expect(text).toBe(`${encodeMember(golden).slice(0, -1)},"isPromote":true}`);
  expect(decodeConfChangeContext(Buffer.from(encodeMember(golden)))).toEqual({ member: golden, isPromote: false });
});

test("a promotion has only the id of the learner", () => {
  const learner = member(7, { peerUrls: [] });
  const text = Buffer.from(encodeConfChangeContext({ member: learner, isPromote: true })).toString("utf8");
  expect(text).toBe('{"id":7,"peerURLs":null,"isPromote":true}');
});

test("a name that looks like JSON does not change the id", () => {
  const tricky = { ...golden, name: `","id":5,"x":"` };
  expect(decodeMember(encodeMember(tricky))).toEqual(tricky);
});

for (const { attributes, text } of [
  { attributes: { name: "a", clientUrls: ["http://b:1"] }, text: `{"name":"a","clientURLs":["http://b:1"]}` },
  { attributes: { name: "", clientUrls: [] }, text: "{}" },
] as const) {
  test(`attributes are written as ${text}, and can be read back`, () => {
    expect(encodeAttributes(attributes)).toBe(text);
    expect(decodeAttributes(text)).toEqual(attributes);
  });
}

for (const text of ["", "null", "5", `{"peerURLs":[]}`, `{"id":18446744073709551616}`]) {
  test(`${text || "an empty text"} is not a member`, () => expect(() => decodeMember(text)).toThrow());
}
