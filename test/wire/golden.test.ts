import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { InternalRaftRequest, Request, raftpb, WireError } from "../../src/wire/index.js";
import { messageNamed } from "./messages.js";

interface Golden {
  readonly name: string;
  readonly bytes: Buffer;
}

function golden(file: string): Golden[] {
  const text = readFileSync(new URL(`golden/${file}.txt`, import.meta.url), "utf8");
  const lines = text.trimEnd().split("\n");
  return lines.map((line) => {
    const [name = "", hex = ""] = line.split(" ");
    return { name, bytes: Buffer.from(hex, "hex") };
  });
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

for (const file of ["client-calls", "write-ahead-log", "peer-messages"]) {
  describe(`real etcd's ${file}`, () => {
    const all = golden(file);
    for (const name of new Set(all.map((one) => one.name))) {
      test(`${name} is decoded and encoded to the same bytes`, () => {
        const { codec } = messageNamed(name);
        for (const { bytes } of all.filter((one) => one.name === name)) {
          expect(hex(codec.encode(codec.decode(bytes)))).toBe(hex(bytes));
        }
      });
    }
  });
}

describe("the entries of real etcd's log", () => {
  const entries = golden("write-ahead-log")
    .filter(({ name }) => name === "raftpb.Entry")
    .map(({ bytes }) => raftpb.Entry.decode(bytes));
  const normal = entries.filter(({ type, data }) => type === raftpb.EntryType.EntryNormal && data.length > 0);

  test("have requests that are decoded and encoded to the same bytes", () => {
    expect(normal.length).toBeGreaterThan(40);
    for (const { data } of normal) {
      const again = isBare(data) ? Request.encode(Request.decode(data)) : encodeAgain(data);
      expect(hex(again)).toBe(hex(data));
    }
  });

  test("differ from v2 requests, since each kind is malformed as the other", () => {
    const bare = normal.filter(({ data }) => isBare(data)).map(({ data }) => Request.decode(data));
    expect(bare.map(({ method, path }) => `${method} ${path.replace(/[0-9a-f]{8,}/, "ID")}`)).toEqual([
      "PUT /0/members/ID/attributes",
      "PUT /0/version",
    ]);
  });

  test("have conf changes that are decoded and encoded to the same bytes", () => {
    const changes = entries.filter(({ type }) => type === raftpb.EntryType.EntryConfChange);
    expect(changes).toHaveLength(3);
    for (const { data } of changes)
      expect(hex(raftpb.ConfChange.encode(raftpb.ConfChange.decode(data)))).toBe(hex(data));
  });
});

function isBare(data: Uint8Array): boolean {
  try {
    InternalRaftRequest.decode(data);
    return false;
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
    return true;
  }
}

function encodeAgain(data: Uint8Array): Uint8Array {
  return InternalRaftRequest.encode(InternalRaftRequest.decode(data));
}
