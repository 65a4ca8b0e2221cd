import { expect, test } from "vitest";
import { EtcdError } from "../../../src/base/index.js";
import { checkDeleteRange, checkPut, checkRange, checkTxn } from "../../../src/server/services/request-checks.js";
import {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  type RequestOp,
  TxnRequest,
} from "../../../src/wire/index.js";

const value = Buffer.from("v");

function outcome(check: () => void): string {
  try {
    check();
    return "ok";
  } catch (error) {
    if (error instanceof EtcdError) return error.kind;
    throw error;
  }
}

for (const { name, request, want } of [
  { name: "a key", request: { key: "a" }, want: "ok" },
  { name: "no key", request: { rangeEnd: "b" }, want: "emptyKey" },
  { name: "no key and an unknown order", request: { sortOrder: 9 }, want: "emptyKey" },
  { name: "an unknown order", request: { key: "a", sortOrder: 9 }, want: "invalidSortOption" },
  { name: "an unknown target", request: { key: "a", sortTarget: 77 }, want: "invalidSortOption" },
  { name: "a negative target", request: { key: "a", sortTarget: -1 }, want: "invalidSortOption" },
  { name: "the last target, descending", request: { key: "a", sortTarget: 4, sortOrder: 2 }, want: "ok" },
]) {
  test(`a range with ${name}: ${want}`, () => {
    expect(outcome(() => checkRange(RangeRequest.create(request)))).toBe(want);
  });
}

for (const { name, request, want } of [
  { name: "a key", request: { key: "a" }, want: "ok" },
  { name: "no key, a value and a lease to ignore", request: { ignoreValue: true, value }, want: "emptyKey" },
  { name: "a value to ignore", request: { key: "a", ignoreValue: true, value }, want: "valueProvided" },
  { name: "no value to ignore", request: { key: "a", ignoreValue: true }, want: "ok" },
  { name: "a lease to ignore", request: { key: "a", ignoreLease: true, lease: 1n }, want: "leaseProvided" },
  { name: "no lease to ignore", request: { key: "a", ignoreLease: true, value }, want: "ok" },
  {
    name: "a value and a lease to ignore",
    request: { key: "a", ignoreValue: true, value, ignoreLease: true, lease: -1n },
    want: "valueProvided",
  },
]) {
  test(`a put with ${name}: ${want}`, () => {
    expect(outcome(() => checkPut(PutRequest.create(request)))).toBe(want);
  });
}

test("a delete needs a key", () => {
  expect(outcome(() => checkDeleteRange(DeleteRangeRequest.create({ key: "a" })))).toBe("ok");
  expect(outcome(() => checkDeleteRange(DeleteRangeRequest.create({ rangeEnd: "\0" })))).toBe("emptyKey");
});

const put = (key: string): RequestOp => ({ request: { case: "requestPut", value: PutRequest.create({ key }) } });
const get = (key: string): RequestOp => ({ request: { case: "requestRange", value: RangeRequest.create({ key }) } });
const del = (key: string, rangeEnd = ""): RequestOp => ({
  request: { case: "requestDeleteRange", value: DeleteRangeRequest.create({ key, rangeEnd }) },
});
const txn = (success: readonly RequestOp[], failure: readonly RequestOp[] = []): RequestOp => ({
  request: { case: "requestTxn", value: TxnRequest.create({ success, failure }) },
});
const nothing: RequestOp = { request: undefined };
const compare = (key: string): Compare => Compare.create({ key });
const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

interface Row {
  readonly name: string;
  readonly compare?: readonly Compare[];
  readonly success?: readonly RequestOp[];
  readonly failure?: readonly RequestOp[];
  readonly want: string;
}

const rows: readonly Row[] = [
  { name: "nothing at all", want: "ok" },
  { name: "the maximum number of operations", success: times(128, (at) => put(`${at}`)), want: "ok" },
  { name: "one operation too many", success: times(129, (at) => put(`${at}`)), want: "tooManyOps" },
  { name: "one else-operation too many", failure: times(129, (at) => put(`${at}`)), want: "tooManyOps" },
  { name: "one compare too many", compare: times(129, (at) => compare(`${at}`)), want: "tooManyOps" },
  {
    name: "a nested txn with as many operations as are left",
    success: [...times(99, (at) => put(`a${at}`)), txn(times(28, (at) => put(`b${at}`)))],
    want: "ok",
  },
  {
    name: "a nested txn with more operations than are left",
    success: [...times(99, (at) => put(`a${at}`)), txn(times(29, (at) => put(`b${at}`)))],
    want: "tooManyOps",
  },
  {
    name: "a nested else-branch with more operations than the compares leave",
    compare: times(100, (at) => compare(`${at}`)),
    success: [
      txn(
        [],
        times(29, (at) => put(`${at}`)),
      ),
    ],
    want: "tooManyOps",
  },
  { name: "too many operations and an empty one", success: times(129, () => nothing), want: "tooManyOps" },
  { name: "a compare without a key", compare: [compare("")], success: [nothing], want: "emptyKey" },
  { name: "an empty operation", success: [nothing], want: "keyNotFound" },
  { name: "an empty operation in the else-branch", failure: [nothing], want: "keyNotFound" },
  { name: "a range without a key before an empty operation", success: [get(""), nothing], want: "emptyKey" },
  { name: "an empty operation in a nested txn", success: [txn([], [nothing])], want: "keyNotFound" },
  {
    name: "two puts of a key before an empty operation",
    success: [put("a"), put("a"), nothing],
    want: "keyNotFound",
  },
  { name: "two puts of a key", success: [put("a"), put("a")], want: "duplicateKey" },
  { name: "two puts of a key in the else-branch", failure: [put("a"), put("a")], want: "duplicateKey" },
  { name: "a put of a key in each branch", success: [put("a")], failure: [put("a")], want: "ok" },
  { name: "two deletes of a key", success: [del("a"), del("a"), del("a", "b")], want: "ok" },
  { name: "a put and a delete of a key", success: [put("a"), del("a")], want: "duplicateKey" },
  { name: "a delete and a put of a key", success: [del("a"), put("a")], want: "duplicateKey" },
  { name: "a put at the start of a deleted range", success: [del("a", "c"), put("a")], want: "duplicateKey" },
  { name: "a put inside of a deleted range", success: [put("bb"), del("a", "c")], want: "duplicateKey" },
  { name: "a put at the end of a deleted range", success: [put("c"), del("a", "c")], want: "ok" },
  { name: "a put below a deleted range", success: [put("A"), del("a", "c")], want: "ok" },
  { name: "a put in a range that ends before it starts", success: [put("b"), del("c", "a")], want: "ok" },
  { name: "a put in a range without an end", success: [put("b"), del("a", "\0")], want: "ok" },
  {
    name: "a put in one of many deleted ranges",
    success: [put("m"), ...times(26, (at) => del(String.fromCharCode(97 + at)))],
    want: "duplicateKey",
  },
  { name: "a put and a nested put of a key", success: [put("a"), txn([put("a")])], want: "duplicateKey" },
  { name: "a nested put and a put of a key", success: [txn([], [put("a")]), put("a")], want: "duplicateKey" },
  { name: "a nested put of a key in each branch", success: [txn([put("a")], [put("a")])], want: "ok" },
  { name: "a put and a delete in the branches of one nested txn", success: [txn([put("a")], [del("a")])], want: "ok" },
  { name: "two nested puts of a key", success: [txn([put("a")]), txn([put("a")])], want: "duplicateKey" },
  {
    name: "two nested puts, one in each branch",
    success: [txn([put("a")]), txn([], [put("a")])],
    want: "duplicateKey",
  },
  { name: "a delete and a nested put", success: [txn([put("a")]), del("a")], want: "duplicateKey" },
  { name: "a put and a nested delete", success: [put("a"), txn([], [del("a", "b")])], want: "duplicateKey" },
  { name: "a nested delete before a nested put", success: [txn([del("a")]), txn([put("a")])], want: "duplicateKey" },
  { name: "a nested delete behind a nested put", success: [txn([put("a")]), txn([del("a")])], want: "ok" },
  { name: "two nested deletes", success: [txn([del("a")]), txn([del("a")]), del("a")], want: "ok" },
  {
    name: "two puts of a key in a deeply nested txn",
    success: [txn([txn([txn([put("a")])])]), txn([txn([put("a")])])],
    want: "duplicateKey",
  },
  { name: "two puts of a key within a nested txn", success: [txn([txn([put("a"), put("a")])])], want: "duplicateKey" },
];
for (const { name, want, ...lists } of rows) {
  test(`a txn with ${name}: ${want}`, () => {
    expect(outcome(() => checkTxn(TxnRequest.create(lists), 128))).toBe(want);
  });
}

for (const { name, make } of [
  { name: "wide", make: () => times(64, (a) => txn(times(64, (b) => put(`${a} ${b}`)))) },
  {
    name: "deep, with deletes at every level",
    make: () => {
      let inner = times(30, (at) => put(`p${at}`));
      for (let level = 0; level < 48; level++) inner = [txn(inner), del(`d${level}`)];
      return inner;
    },
  },
  {
    name: "deep and bushy",
    make: () => {
      let leaf = 0;
      const grow = (levels: number): RequestOp[] =>
        levels === 0 ? [put(`${leaf++}`)] : [txn(grow(levels - 1), grow(levels - 1)), txn(grow(levels - 1))];
      let inner = grow(10);
      for (let level = 0; level < 36; level++) inner = [txn(inner)];
      return inner;
    },
  },
]) {
  test(`a txn that is ${name} is checked in near-linear time`, () => {
    const request = TxnRequest.create({ success: make() });
    const startedAt = process.cpuUsage();
    expect(outcome(() => checkTxn(request, 128))).toBe("ok");
    // Comparing all pairs of keys would take minutes. The test measures CPU time, since the machine may be busy.
    expect(process.cpuUsage(startedAt).user / 1000).toBeLessThan(5_000);
  });
}
