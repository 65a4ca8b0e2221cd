import { expect, test } from "vitest";
import { decodeEntryRequest } from "../../src/apply/index.js";
import type { EtcdError } from "../../src/base/index.js";
import {
  encodeInto,
  InternalRaftRequest,
  PutRequest,
  type RequestOp,
  TxnRequest,
  TxnResponse,
} from "../../src/wire/index.js";
import { openBench } from "./fixtures.js";

/** Deeper than any call stack. A member with a raised `--max-txn-ops` can write such a request into the log. */
const levels = 10_000;

function nested(depth: number, innermost: RequestOp): TxnRequest {
  let txn = TxnRequest.create({ success: [innermost] });
  for (let level = 1; level < depth; level++) {
    txn = TxnRequest.create({ success: [{ request: { case: "requestTxn", value: txn } }] });
  }
  return txn;
}

const putOf = (key: string, more: Partial<PutRequest> = {}): RequestOp => ({
  request: { case: "requestPut", value: PutRequest.create({ key, value: Buffer.from("v"), ...more }) },
});

function depthOf(response: TxnResponse): number {
  let depth = 1;
  for (let next = response.responses[0]?.response; next?.case === "responseTxn"; depth++) {
    next = next.value.responses[0]?.response;
  }
  return depth;
}

test("transactions nested up to the maximum size of a request can be applied", async () => {
  const bench = await openBench();
  const bytes = InternalRaftRequest.encode(InternalRaftRequest.create({ txn: nested(levels, putOf("k")) }));
  const request = decodeEntryRequest(bytes);
  const { response } = bench.mustApply(request);
  if (response?.case !== "txn") throw new Error("a txn is answered with a txn");
  expect(depthOf(response.value)).toBe(levels);
  expect(bench.store.range("k", "").kvs).toHaveLength(1);
  expect(TxnResponse.encode(response.value).length).toBeGreaterThan(levels);
});

test("a nested transaction is encoded in the memory of its entry like any other", () => {
  const request = InternalRaftRequest.create({ txn: nested(levels, putOf("k")) });
  expect(encodeInto(InternalRaftRequest, request, Buffer.alloc)).toEqual(InternalRaftRequest.encode(request));
});

test("errors in the innermost transaction are refused like others", async () => {
  const bench = await openBench();
  const apply = (innermost: RequestOp): EtcdError["kind"] | undefined =>
    bench.apply({ txn: nested(levels, innermost) }).error?.kind;
  expect(apply(putOf("k", { lease: 7n }))).toBe("leaseNotFound");
  expect(apply(putOf("k", { ignoreValue: true, value: new Uint8Array() }))).toBe("keyNotFound");
  expect(bench.store.revision).toBe(1);
});

test("rights and space are checked for the innermost transaction as well", async () => {
  const bench = await openBench({ quotaBytes: 1_000_000 });
  const grown = bench.apply({ txn: nested(levels, putOf("k", { value: Buffer.alloc(1_000_000) })) });
  expect(grown).toMatchObject({ overQuota: true });
  bench.mustApply({ authUserAdd: { name: "root", password: "", options: { noPassword: true }, hashedPassword: "" } });
  bench.mustApply({ authRoleAdd: { name: "root" } });
  bench.mustApply({ authUserGrantRole: { user: "root", role: "root" } });
  bench.mustApply({ authUserAdd: { name: "u", password: "", options: { noPassword: true }, hashedPassword: "" } });
  bench.mustApply({ authEnable: {} });
  const header = { id: 1n, username: "u", authRevision: bench.auth.revision };
  expect(bench.apply({ header, txn: nested(levels, putOf("k")) }).error?.kind).toBe("permissionDenied");
});
