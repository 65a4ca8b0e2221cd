import fc from "fast-check";
import { expect, test } from "vitest";
import { wholeOf } from "../../../src/rpc/grpc/answer.js";
import { deleteRangeAnswer, txnAnswer } from "../../../src/rpc/grpc/held-answers.js";
import {
  DeleteRangeResponse,
  type Encoded,
  KeyValue,
  PutResponse,
  RangeResponse,
  ResponseHeader,
  type ResponseOp,
  TxnResponse,
} from "../../../src/wire/index.js";
import { LoopTurns } from "../../support/loop-turns.js";

// Tests that the long answer of a write, which is sent in parts, has the same bytes as a whole message.

const header = ResponseHeader.create({ clusterId: 1n, memberId: 2n, revision: 3, raftTerm: 4 });

function pairs(count: number, valueBytes: number): Encoded<KeyValue>[] {
  return Array.from({ length: count }, (_, at) =>
    KeyValue.encode(KeyValue.create({ key: `k${at}`, value: Buffer.alloc(valueBytes, "v"), modRevision: at + 1 })),
  );
}

const anyPairs = fc
  .tuple(fc.nat(60), fc.constantFrom(0, 10, 3_000, 70_000))
  .map(([count, bytes]) => pairs(count, bytes));
const anyOperation: fc.Arbitrary<ResponseOp> = fc.letrec<{ op: ResponseOp; txn: TxnResponse }>((tie) => ({
  op: fc.oneof(
    { maxDepth: 3 },
    anyPairs.map((kvs): ResponseOp => {
      const value = RangeResponse.create({ header, kvs, more: kvs.length > 9, count: kvs.length });
      return { response: { case: "responseRange", value } };
    }),
    anyPairs.map((prevKvs): ResponseOp => {
      const value = DeleteRangeResponse.create({ header, deleted: prevKvs.length, prevKvs });
      return { response: { case: "responseDeleteRange", value } };
    }),
    fc.constant<ResponseOp>({ response: { case: "responsePut", value: PutResponse.create({ header }) } }),
    fc.constant<ResponseOp>({ response: undefined }),
    tie("txn").map((value): ResponseOp => ({ response: { case: "responseTxn", value } })),
  ),
  txn: fc
    .array(tie("op"), { maxLength: 4 })
    .map((responses) => TxnResponse.create({ header, succeeded: true, responses })),
})).op;

test("the answer of a transaction has the same bytes in parts as in one piece", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyOperation, { maxLength: 5 }), fc.boolean(), async (responses, succeeded) => {
      const response = TxnResponse.create({ header, succeeded, responses });
      expect(Buffer.compare(await wholeOf(await txnAnswer(response)), TxnResponse.encode(response))).toBe(0);
    }),
    { numRuns: 100 },
  );
});

test("the answer of a deletion has the same bytes in parts as in one piece", async () => {
  await fc.assert(
    fc.asyncProperty(anyPairs, async (prevKvs) => {
      const response = DeleteRangeResponse.create({ header, deleted: prevKvs.length, prevKvs });
      expect(
        Buffer.compare(await wholeOf(await deleteRangeAnswer(response)), DeleteRangeResponse.encode(response)),
      ).toBe(0);
    }),
  );
});

test("a part of a long answer is about 64 KiB at most, unless a single pair is longer", async () => {
  const value = RangeResponse.create({ header, kvs: pairs(5_000, 100), count: 5_000 });
  const responses = [{ response: { case: "responseRange", value } } as const];
  const answer = await txnAnswer(TxnResponse.create({ header, responses }));
  if (answer instanceof Uint8Array) throw new Error("it came in one piece");
  const lengths: number[] = [];
  for await (const part of answer.parts()) lengths.push(part.length);
  expect(lengths.length).toBeGreaterThan(5);
  expect(Math.max(...lengths)).toBeLessThan(66 * 1024);
});

test("an answer with very many pairs is measured in several turns of the event loop", async () => {
  const [kv] = pairs(1, 10);
  const kvs = Array.from({ length: 100_000 }, () => kv as Encoded<KeyValue>);
  const responses = [{ response: { case: "responseRange", value: RangeResponse.create({ kvs }) } } as const];
  for (const measure of [
    () => deleteRangeAnswer(DeleteRangeResponse.create({ header, prevKvs: kvs })),
    () => txnAnswer(TxnResponse.create({ header, responses })),
  ]) {
    const turns = new LoopTurns();
    await measure();
    turns.stop();
    expect(turns.now).toBeGreaterThanOrEqual(9);
  }
  expect(deleteRangeAnswer(DeleteRangeResponse.create({ header, prevKvs: kvs.slice(0, 5_000) }))).not.toBeInstanceOf(
    Promise,
  );
});
