import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import protobuf from "protobufjs";
import { describe, expect, test } from "vitest";
import { emitFile } from "../../proto/emit.js";
import { InternalRaftRequest, PutRequest, variantOfInternalRaftRequest } from "../../src/wire/index.js";

/** The output of the generator for a .proto file with these lines. */
function generated(...lines: readonly string[]): string {
  const dir = mkdtempSync(join(tmpdir(), "etcd-test-"));
  try {
    const path = join(dir, "it.proto");
    writeFileSync(path, ['syntax = "proto3";', "package it;", ...lines].join("\n"));
    const root = new protobuf.Root().loadSync(path, { keepCase: true, alternateCommentMode: true });
    root.resolveAll();
    return emitFile(
      root.lookup("it") instanceof protobuf.Namespace ? root.nestedArray.flatMap(types) : [],
      false,
    ).lines.join("\n");
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function types(namespace: protobuf.ReflectionObject): protobuf.ReflectionObject[] {
  return namespace instanceof protobuf.Namespace ? namespace.nestedArray : [];
}

describe("marks in a .proto file", () => {
  test("decide which integers are exact and which bytes are keys, independent of names", () => {
    const text = generated(
      "message Thing {",
      "  int64 ID = 1;",
      "  int64 count = 2;  // [bigint] how many",
      "  bytes key = 3;",
      "  bytes place = 4;  // [key]",
      "}",
    );
    expect(text).toContain("  readonly id: number;\n  /** how many */\n  readonly count: bigint;\n");
    expect(text).toContain("  readonly key: Uint8Array;\n  readonly place: Key;\n");
  });

  for (const { name, line } of [
    { name: "is unknown to the generator", line: "int64 ID = 1;  // [bigitn]" },
    { name: "does not fit the type", line: "string name = 1;  // [bigint]" },
    { name: "is only for messages", line: "bytes key = 1;  // [variant]" },
  ]) {
    test(`are refused when one ${name}`, () => {
      expect(() => generated("message Thing {", line, "}")).toThrow(/there is no mark|does not belong here/);
    });
  }
});

describe("variantOfInternalRaftRequest()", () => {
  test("finds the request in the message, and ignores the id and the header", () => {
    const put = PutRequest.create({ key: "k" });
    const header = { id: 1n, username: "", authRevision: 0 };
    expect(variantOfInternalRaftRequest(InternalRaftRequest.create({ id: 1n, header, put }))).toEqual({
      case: "put",
      value: put,
    });
    expect(variantOfInternalRaftRequest(InternalRaftRequest.create({ id: 1n, header }))).toBeUndefined();
  });

  test("knows all fields of the message", () => {
    const { id: _id, header: _header, ...requests } = InternalRaftRequest.create();
    const told = Object.keys(requests).map(
      (name) => variantOfInternalRaftRequest({ ...InternalRaftRequest.create(), [name]: {} })?.case,
    );
    expect(told).toEqual(Object.keys(requests));
  });
});
