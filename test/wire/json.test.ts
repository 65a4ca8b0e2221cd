import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JsonError, loadJsonForms, loadSchema, PutRequest, RangeRequest } from "../../src/wire/index.js";
import { jsonNestingMax } from "../../src/wire/json/parse.js";
import { arbitraryMessage } from "./arbitrary.js";
import { messages } from "./messages.js";

// test/e2e/gateway-differential.test.ts compares the meaning of single texts with real etcd.

const forms = await loadJsonForms();
const known = new Set((await loadSchema()).flatMap((file) => file.messages.map(({ name }) => name)));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("the JSON of a message is parsed to the same message", () => {
  for (const { name, type, codec } of [...messages.values()].filter((message) => known.has(message.name))) {
    test(name, () => {
      fc.assert(
        fc.property(arbitraryMessage(type), ({ theirs }) => {
          const bytes = type.encode(theirs).finish();
          const json = forms.print(name, bytes);
          JSON.parse(json);
          expect(codec.decode(forms.parse(name, Buffer.from(json)))).toEqual(codec.decode(bytes));
        }),
        { numRuns: 30 },
      );
    });
  }
});

test("all services and their messages are in the schema", async () => {
  const services = (await loadSchema()).flatMap((file) => file.services);
  for (const { methods } of services) {
    for (const { request, response } of methods)
      expect([known.has(request), known.has(response)]).toEqual([true, true]);
  }
  expect(services.length).toBeGreaterThanOrEqual(9);
});

test("fields are printed in the order of the .proto file, without zero ones", () => {
  const bytes = PutRequest.encode(PutRequest.create({ prevKv: true, key: "a", lease: -1n, value: Buffer.from("<b>") }));
  expect(forms.print("etcdserverpb.PutRequest", bytes)).toBe(
    '{"key":"YQ==","value":"PGI+","lease":"-1","prev_kv":true}',
  );
});

test("an unknown number of an enum is printed as a number", () => {
  const bytes = RangeRequest.encode(RangeRequest.create({ sortOrder: 77 }));
  expect(forms.print("etcdserverpb.RangeRequest", bytes)).toBe('{"sort_order":77}');
});

test("values are found for all ends of the pieces", () => {
  const text = ' {"a":[1,"\\"}{",{"b":null}]} 12 "x"\n-1.5e3 true[] ';
  const wanted = ['{"a":[1,"\\"}{",{"b":null}]}', "12", '"x"', "-1.5e3", "true", "[]"];
  for (let size = 1; size <= text.length; size++) {
    const scanner = forms.scanner(100);
    const found: string[] = [];
    const take = () => {
      for (let json = scanner.next(); json !== undefined; json = scanner.next()) found.push(json.toString());
    };
    for (let at = 0; at < text.length; at += size) {
      scanner.push(Buffer.from(text.slice(at, at + size)));
      take();
    }
    scanner.end();
    take();
    expect(found).toEqual(wanted);
  }
});

test("exactly the texts that JSON.parse refuses are refused", () => {
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "u00e4",
    "a",
    "1",
    "0",
    "-",
    ".",
    "e",
    "true",
    "nul",
    " ",
    "\n",
  ];
  const text = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((list) => list.join(""));
  fc.assert(
    fc.property(text, (json) => {
      const scanner = forms.scanner(1_000);
      scanner.push(Buffer.from(json));
      scanner.end();
      expect(outcome(() => scanner.next() !== undefined && isBlank(scanner))).toBe(
        outcome(() => JSON.parse(json) !== 0.5),
      );
    }),
    { numRuns: 5_000 },
  );
});

test("a value that is too long is refused before it is complete", () => {
  const scanner = forms.scanner(1_000);
  scanner.push(Buffer.from(`{"key":"${"A".repeat(990)}`));
  expect(scanner.next()).toBe(undefined);
  scanner.push(Buffer.from("AAAAAAAAAAAA"));
  expect(() => scanner.next()).toThrow(new JsonError("a JSON value of more than 1000 bytes"));
});

test("a long value costs no more work if it arrives byte by byte", () => {
  const scanner = forms.scanner(1e6);
  const json = Buffer.from(`"${"x".repeat(500_000)}"`);
  let found: Buffer | undefined;
  for (let at = 0; at < json.length && found === undefined; at++) {
    scanner.push(json.subarray(at, at + 1));
    found = scanner.next();
  }
  expect(found?.length).toBe(json.length);
});

test("nested messages have a maximum depth", () => {
  const nested = (depth: number) =>
    Buffer.from(`${'{"success":[{"request_txn":'.repeat(depth)}{}${"}]}".repeat(depth)}`);
  const deepest = Math.floor((jsonNestingMax - 1) / 2);
  const bytes = forms.parse("etcdserverpb.TxnRequest", nested(deepest));
  expect(forms.print("etcdserverpb.TxnRequest", bytes).length).toBe(nested(deepest).length);
  expect(() => forms.parse("etcdserverpb.TxnRequest", nested(deepest + 1))).toThrow("exceeded max recursion depth");
});

test("unknown values are skipped at any depth", () => {
  const json = `{"x":${"[".repeat(9_999)}${"]".repeat(9_999)},"key":"YQ=="}`;
  expect(hex(forms.parse("etcdserverpb.RangeRequest", Buffer.from(json)))).toBe("0a0161");
});

test("an error contains only a part of a long value", () => {
  const parse = () => forms.parse("etcdserverpb.RangeRequest", Buffer.from(`{"key":"${"!".repeat(1e6)}"}`));
  expect(parse).toThrow(/^proto: \(line 1:8\): invalid value for bytes field key: "!{999}\.\.\.$/);
});

function isBlank(scanner: { next(): Buffer | undefined }): boolean {
  if (scanner.next() !== undefined) throw new Error("more than one value");
  return true;
}

function outcome(run: () => boolean): string {
  try {
    return run() ? "taken" : "refused";
  } catch {
    return "refused";
  }
}
