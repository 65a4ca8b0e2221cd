import { expect, test } from "vitest";
import { type Growth, Quota } from "../../src/apply/index.js";
import { growthOf } from "../../src/apply/quota.js";
import { del, openBench, put, range, txn } from "./fixtures.js";

const a = put("key", "value");
const one = 256 + 3 + 5;

for (const { name, request, want } of [
  { name: "a put: key, value and something for the rest", request: { put: a }, want: one },
  { name: "a grant", request: { leaseGrant: { id: 1n, ttl: 1 } }, want: 64 },
  { name: "a txn without puts", request: { txn: txn([], [{ range: range("a") }, { del: del("a") }]) }, want: 0 },
  {
    name: "the puts of a branch together",
    request: { txn: txn([], [{ put: a }, { del: del("a") }, { put: a }]) },
    want: 2 * one,
  },
  { name: "the dearer branch", request: { txn: txn([], [{ put: a }], [{ put: a }, { put: a }]) }, want: 2 * one },
  {
    name: "puts of txns inside",
    request: { txn: txn([], [{ put: a }, { txn: txn([], [], [{ put: a }]) }]) },
    want: 2 * one,
  },
  { name: "anything else", request: {}, want: 0 },
] as const satisfies readonly { readonly name: string; readonly request: Growth; readonly want: number }[]) {
  test(`growthOf() counts ${name}`, () => expect(growthOf(request)).toBe(want));
}

for (const { name, max, inUse, request, want } of [
  { name: "what fits", max: 1_000, inUse: 1_000 - one - 1, request: { put: a }, want: true },
  { name: "not what would fill it up", max: 1_000, inUse: 1_000 - one, request: { put: a }, want: false },
  {
    name: "what adds nothing, although it is full",
    max: 1_000,
    inUse: 5_000,
    request: { txn: txn([], []) },
    want: true,
  },
  { name: "everything without a bound", max: Number.POSITIVE_INFINITY, inUse: 1e15, request: { put: a }, want: true },
] as const) {
  test(`Quota allows ${name}`, () => expect(new Quota(max, () => inUse).allows(request)).toBe(want));
}

test("a committed request is carried out beyond the quota, and says so", async () => {
  const { apply, store } = await openBench({ quotaBytes: 1_000 });
  expect(apply({ put: put("a", "x".repeat(600)) })).not.toHaveProperty("overQuota");
  const result = apply({ put: put("b", "x".repeat(600)) });
  expect(result).toMatchObject({ overQuota: true, response: { case: "put" } });
  expect(store.revision).toBe(3);
});

test("a request that is refused anyhow says nothing of the quota", async () => {
  const { apply } = await openBench({ quotaBytes: 10 });
  expect(apply({ put: put("a", "", { lease: 5n }) })).toEqual({
    error: expect.objectContaining({ kind: "leaseNotFound" }),
  });
});
