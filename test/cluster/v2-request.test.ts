import { expect, test } from "vitest";
import { attributesRequest, readV2Request, versionRequest } from "../../src/cluster/index.js";
import { Request } from "../../src/wire/index.js";
import { memberId } from "./fixtures.js";

const publisher = memberId(0x2e1259d415f2a040n);
const attributes = { name: "d&1", clientUrls: ["http://127.0.0.1:23790"] };

// The data of two entries in the log of an etcd 3.5.30.
const published =
  "0881c684e2b4c0a8a0a00112035055541a262f302f6d656d626572732f326531323539643431356632613034302f61747472" +
  "696275746573223b7b226e616d65223a22645c753030323631222c22636c69656e7455524c73223a5b22687474703a2f2f31" +
  "32372e302e302e313a3233373930225d7d2800320038004800500058006000680070007800800100";
const versioned =
  "0882c684e2b4c0a8a0a00112035055541a0a2f302f76657273696f6e2205332e352e30280032003800480050005800600068" +
  "0070007800800100";

for (const { name, request, hex, change } of [
  {
    name: "its attributes",
    request: attributesRequest(11547407579625890561n, publisher, attributes),
    hex: published,
    change: { case: "attributes", memberId: publisher, attributes },
  },
  {
    name: "the cluster's version",
    request: versionRequest(11547407579625890562n, "3.5.0"),
    hex: versioned,
    change: { case: "version", version: "3.5.0" },
  },
] as const) {
  test(`a member publishes ${name} in etcd's bytes`, () => {
    expect(Buffer.from(Request.encode(request)).toString("hex")).toBe(hex);
    expect(readV2Request(Request.decode(Buffer.from(hex, "hex")))).toEqual(change);
  });
}

test("the expiry of v2 keys is ignored", () => {
  expect(readV2Request(Request.create({ method: "SYNC", time: 5n }))).toEqual({ case: "nothing" });
});

for (const [method, path] of [
  ["PUT", "/1/key"],
  ["PUT", "/0/members/2e1259d415f2a040/raftAttributes"],
  ["PUT", "/0/members/12345678901234567/attributes"],
  ["DELETE", "/0/version"],
  ["QGET", "/0/members/1/attributes"],
] as const) {
  test(`${method} ${path} stops the member`, () => {
    expect(() => readV2Request(Request.create({ method, path }))).toThrow(`${method} ${path}`);
  });
}
