import { LongRange, type LongTxn, pairFieldBytes, varintBytes } from "../../server/index.js";
import {
  type Encoded,
  type KeyValue,
  openedField,
  RangeResponse,
  ResponseHeader,
  TxnResponse,
} from "../../wire/index.js";
import type { LongAnswer } from "../grpc/answer.js";

/** The approximate length of a part, unless a single pair is longer. */
const partBytes = 64 * 1024;
/** The numbers of the fields `responses` in `TxnResponse` and `response_range` in `ResponseOp`. */
const [responsesField, responseRangeField] = [3, 1];

/** The answer of a range, encoded while its pairs are read. */
export function rangeInParts(range: LongRange, header: ResponseHeader): LongAnswer {
  return {
    length: rangeBytes(range, header),
    parts: () => rangeParts(range, header),
    close: () => range.close(),
  };
}

/** The answer of a read-only transaction, encoded range by range. */
export function txnInParts(txn: LongTxn, header: ResponseHeader): LongAnswer {
  const head = TxnResponse.encode(TxnResponse.create({ header, succeeded: txn.succeeded }));
  const ofRange = ResponseHeader.create({ revision: txn.revision });
  const lengths = txn.ranges.map((range) =>
    range instanceof LongRange ? rangeBytes(range, ofRange) : RangeResponse.encode(range).length,
  );
  const opened = lengths.map(responseHead);
  const length = lengths.reduce((sum, bytes, at) => sum + (opened[at]?.length ?? 0) + bytes, head.length);
  return {
    length,
    async *parts() {
      yield head;
      for (const [at, range] of txn.ranges.entries()) {
        const before = opened[at];
        if (before !== undefined) yield before;
        if (range instanceof LongRange) yield* rangeParts(range, ofRange);
        else yield RangeResponse.encode(range);
      }
    },
    close: () => txn.close(),
  };
}

/** The encoded header, which comes first: fields are in the order of their numbers. */
function headOf(header: ResponseHeader): Uint8Array {
  return RangeResponse.encode(RangeResponse.create({ header }));
}

function tailOf({ more, count }: LongRange): Uint8Array {
  return RangeResponse.encode(RangeResponse.create({ more, count }));
}

function rangeBytes(range: LongRange, header: ResponseHeader): number {
  return headOf(header).length + range.pairBytes + tailOf(range).length;
}

async function* rangeParts(range: LongRange, header: ResponseHeader): AsyncGenerator<Uint8Array, void, undefined> {
  yield headOf(header);
  for await (const pairs of range.pairs()) yield* pairParts(pairs);
  yield tailOf(range);
}

function* pairParts(pairs: readonly Encoded<KeyValue>[]): Generator<Uint8Array, void, undefined> {
  let from = 0;
  let bytes = 0;
  for (const [at, pair] of pairs.entries()) {
    bytes += pairFieldBytes(pair);
    if (bytes < partBytes && at + 1 < pairs.length) continue;
    yield RangeResponse.encode(RangeResponse.create({ kvs: pairs.slice(from, at + 1) }));
    from = at + 1;
    bytes = 0;
  }
}

/** The tags and lengths before a range within a transaction's answer. */
function responseHead(rangeLength: number): Uint8Array {
  const operationLength = 1 + varintBytes(rangeLength) + rangeLength;
  return Buffer.concat([openedField(responsesField, operationLength), openedField(responseRangeField, rangeLength)]);
}
