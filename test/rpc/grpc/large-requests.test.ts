import { expect, test } from "vitest";
import { EtcdError, silentLogger } from "../../../src/base/index.js";
import { logged, unary } from "../../../src/rpc/grpc/binding.js";
import { decode, txnBound } from "../../../src/rpc/grpc/decoded-requests.js";
import { statusOf } from "../../../src/rpc/services/status.js";
import type { Call } from "../../../src/server/index.js";
import { Compare, RequestOp, services, TxnRequest } from "../../../src/wire/index.js";

const call: Call = { cancelled: false, signal: new AbortController().signal, metadata: () => undefined };
const { Txn, Compact } = services["etcdserverpb.KV"];

function puts(count: number): Uint8Array {
  const put = RequestOp.create({
    request: { case: "requestPut", value: { ...emptyPut, key: "a" } },
  });
  return TxnRequest.encode(TxnRequest.create({ success: Array.from({ length: count }, () => put) }));
}
const emptyPut = { value: new Uint8Array(0), lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false };

for (const { maxTxnOps, most } of [
  { maxTxnOps: 128, most: 10_000 },
  { maxTxnOps: 10_000, most: 40_000 },
]) {
  test(`with --max-txn-ops ${maxTxnOps} more than ${most} puts in a transaction are refused undecoded`, async () => {
    let seen = 0;
    const binding = logged(
      Txn,
      (request) => {
        seen = request.success.length;
        return Txn.response.create();
      },
      () => 0,
      (_, answer) => Txn.response.encode(answer),
      txnBound(maxTxnOps),
    );
    await binding.run(puts(most), call);
    expect(seen).toBe(most);
    await expect(binding.run(puts(most + 1), call)).rejects.toEqual(new EtcdError("tooManyOps"));
    expect(seen).toBe(most);
  });
}

test("a transaction with --max-txn-ops comparisons and operations in both branches is decoded", async () => {
  const maxTxnOps = 10_000;
  const value = Buffer.from("v");
  const put = RequestOp.create({ request: { case: "requestPut", value: { ...emptyPut, key: "a", value } } });
  const compare = Compare.create({ key: "a", targetUnion: { case: "value", value } });
  const many = <Item>(item: Item): Item[] => Array.from({ length: maxTxnOps }, () => item);
  const request = TxnRequest.create({ compare: many(compare), success: many(put), failure: many(put) });
  const read = decode(TxnRequest, TxnRequest.encode(request), txnBound(maxTxnOps));
  expect([read.compare.length, read.success.length, read.failure.length]).toEqual([maxTxnOps, maxTxnOps, maxTxnOps]);
});

test("any other request of too many objects is refused as one that cannot be decoded", async () => {
  const binding = unary(Compact, () => Compact.response.create());
  // Groups of unknown fields are skipped, so they cost no memory.
  await binding.run(Buffer.from([0xfa, 1, 0]), call);
  const list = unary(services["etcdserverpb.Cluster"].MemberAdd, () => expect.unreachable());
  const urls = Buffer.concat(Array.from({ length: 1_001 }, () => Buffer.from([0x0a, 0])));
  const error: unknown = await list.run(urls, call).catch((thrown: unknown) => thrown);
  expect(statusOf(error, "", silentLogger).details).toContain("more than 1000 messages, texts");
});
