import { expect, test } from "vitest";
import { type Growth, Quota } from "../../src/apply/index.js";
import { growthOf } from "../../src/apply/quota.js";
import { del, openBench, put, range, txn } from "./fixtures.js";

const a = put("key", "value");
const one = 256 + 3 + 5;

for (const { name, request, want } of [
  { name: "a put with its key, its value and a fixed size", request: { put: a }, want: one },
  { name: "a grant", request: { leaseGrant: { id: 1n, ttl: 1 } }, want: 64 },
  { name: "a txn without puts", request: { txn: txn([], [{ range: range("a") }, { del: del("a") }]) }, want: 0 },
  {
    name: "the puts of a branch together",
    request: { txn: txn([], [{ put: a }, { del: del("a") }, { put: a }]) },
    want: 2 * one,
  },
  { name: "the larger branch", request: { txn: txn([], [{ put: a }], [{ put: a }, { put: a }]) }, want: 2 * one },
  {
    name: "puts of nested txns",
    request: { txn: txn([], [{ put: a }, { txn: txn([], [], [{ put: a }]) }]) },
    want: 2 * one,
  },
  { name: "other requests as 0", request: {}, want: 0 },
] as const satisfies readonly { readonly name: string; readonly request: Growth; readonly want: number }[]) {
  test(`growthOf() counts ${name}`, () => expect(growthOf(request)).toBe(want));
}

for (const { name, max, inUse, request, want } of [
  { name: "a request that fits", max: 1_000, inUse: 1_000 - one - 1, request: { put: a }, want: true },
  { name: "no request that would reach it", max: 1_000, inUse: 1_000 - one, request: { put: a }, want: false },
  {
    name: "requests that add nothing, even above it",
    max: 1_000,
    inUse: 5_000,
    request: { txn: txn([], []) },
    want: true,
  },
  { name: "all requests without a limit", max: Number.POSITIVE_INFINITY, inUse: 1e15, request: { put: a }, want: true },
] as const) {
  test(`Quota allows ${name}`, () => expect(new Quota(max, () => inUse).allows(request)).toBe(want));
}

test("a committed request is applied beyond the quota, and reports it", async () => {
  const { apply, store } = await openBench({ quotaBytes: 1_000 });
  expect(apply({ put: put("a", "x".repeat(600)) })).not.toHaveProperty("overQuota");
  const result = apply({ put: put("b", "x".repeat(600)) });
  expect(result).toMatchObject({ overQuota: true, response: { case: "put" } });
  expect(store.revision).toBe(3);
});

test("a request that is refused for another reason does not report the quota", async () => {
  const { apply } = await openBench({ quotaBytes: 10 });
  expect(apply({ put: put("a", "", { lease: 5n }) })).toEqual({
    error: expect.objectContaining({ kind: "leaseNotFound" }),
  });
});
