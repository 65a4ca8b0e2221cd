import { setImmediate as nextTurn } from "node:timers/promises";
import { assert, assertNever, type Steps } from "../../base/index.js";
import { pairFieldBytes } from "../../server/index.js";
import {
  DeleteRangeResponse,
  type Encodable,
  type Encoded,
  type KeyValue,
  openedField,
  RangeResponse,
  ResponseOp,
  TxnResponse,
} from "../../wire/index.js";
import type { Answer } from "./answer.js";

// Answers of writes. The store changes after a write, so its answer holds the key-value pairs. They are encoded while
// they are sent, since encoding all of them at once would block the event loop.

/** Answers with fewer bytes of pairs are encoded in one piece. Parts of longer answers have about this length. */
const partBytes = 64 * 1024;
/** The pairs whose lengths are added up in one turn of the event loop, which takes about 2 ms. */
const pairsPerTurn = 10_000;
/** At most so many bytes does the answer to one operation have beside its pairs. */
const emptyAnswerBytes = 64;
/** Field numbers of `TxnResponse` and `ResponseOp`. */
const fields = { responses: 3, responseRange: 1, responseDeleteRange: 3, responseTxn: 4 } as const;

type Pairs = readonly Encodable<KeyValue>[];
type Parts = Generator<Uint8Array, void, undefined>;

/** A message whose length is known before its parts are made. */
interface Piece {
  readonly length: number;
  parts(): Parts;
}

/** @returns a promise only when there are very many pairs */
export function deleteRangeAnswer(response: DeleteRangeResponse): Answer | Promise<Answer> {
  if (briefBytes(response.prevKvs) < partBytes) return DeleteRangeResponse.encode(response);
  return inTurns(deleteRangePiece(response), longAnswer);
}

/** @returns a promise only when there are very many pairs */
export function txnAnswer(response: TxnResponse): Answer | Promise<Answer> {
  if (isShort(response)) return TxnResponse.encode(response);
  return inTurns(txnPiece(response), (piece) =>
    piece.length < partBytes ? TxnResponse.encode(response) : longAnswer(piece),
  );
}

/** Measures a piece, in several turns of the event loop when it has very many pairs. */
function inTurns(steps: Steps<Piece>, answer: (piece: Piece) => Answer): Answer | Promise<Answer> {
  const first = steps.next();
  return first.done === true ? answer(first.value) : restInTurns(steps, answer);
}

async function restInTurns(steps: Steps<Piece>, answer: (piece: Piece) => Answer): Promise<Answer> {
  for (;;) {
    await nextTurn();
    const step = steps.next();
    if (step.done === true) return answer(step.value);
  }
}

/** Whether an answer without nested ones has few pairs: most do, and need not be laid out in pieces to know it. */
function isShort({ responses }: TxnResponse): boolean {
  let bytes = 0;
  for (const { response } of responses) {
    bytes += emptyAnswerBytes;
    if (response?.case === "responsePut")
      bytes += response.value.prevKv === undefined ? 0 : fieldBytes(response.value.prevKv);
    else if (response?.case === "responseRange") bytes += briefBytes(response.value.kvs);
    else if (response?.case === "responseDeleteRange") bytes += briefBytes(response.value.prevKvs);
    else if (response !== undefined) return false;
    if (bytes >= partBytes) return false;
  }
  return true;
}

function longAnswer(piece: Piece): Answer {
  return {
    length: piece.length,
    async *parts() {
      yield* piece.parts();
    },
    close: () => undefined,
  };
}

function* txnPiece(response: TxnResponse): Steps<Piece> {
  const pieces = [whole(TxnResponse.encode({ ...response, responses: [] }))];
  for (const one of response.responses) pieces.push(within(fields.responses, yield* operationPiece(one)));
  return joined(pieces);
}

function* operationPiece(operation: ResponseOp): Steps<Piece> {
  const { response } = operation;
  switch (response?.case) {
    case "responseRange":
      return within(fields.responseRange, yield* rangePiece(response.value));
    case "responseDeleteRange":
      return within(fields.responseDeleteRange, yield* deleteRangePiece(response.value));
    case "responseTxn":
      return within(fields.responseTxn, yield* txnPiece(response.value));
    case "responsePut":
    case undefined:
      return whole(ResponseOp.encode(operation));
    default:
      return assertNever(response);
  }
}

/** The fields of a message are in the order of their numbers, so other fields come before and after the pairs. */
function* rangePiece({ header, kvs, more, count }: RangeResponse): Steps<Piece> {
  const head = RangeResponse.encode(RangeResponse.create({ header }));
  const tail = RangeResponse.encode(RangeResponse.create({ more, count }));
  const pairs = yield* pairsPiece(kvs, (some) => RangeResponse.encode(RangeResponse.create({ kvs: some })));
  return joined([whole(head), pairs, whole(tail)]);
}

function* deleteRangePiece(response: DeleteRangeResponse): Steps<Piece> {
  const head = DeleteRangeResponse.encode({ ...response, prevKvs: [] });
  const encode = (some: Pairs) => DeleteRangeResponse.encode(DeleteRangeResponse.create({ prevKvs: some }));
  return joined([whole(head), yield* pairsPiece(response.prevKvs, encode)]);
}

/** The pairs as a repeated field. `encode` encodes some of the pairs. */
function* pairsPiece(pairs: Pairs, encode: (some: Pairs) => Uint8Array): Steps<Piece> {
  let length = 0;
  for (let at = 0; at < pairs.length; at++) {
    length += fieldBytes(pairs[at]);
    if ((at + 1) % pairsPerTurn === 0) yield;
  }
  return {
    length,
    *parts() {
      let from = 0;
      let bytes = 0;
      for (let at = 0; at < pairs.length; at++) {
        bytes += fieldBytes(pairs[at]);
        if (bytes < partBytes && at + 1 < pairs.length) continue;
        yield encode(pairs.slice(from, at + 1));
        from = at + 1;
        bytes = 0;
      }
    },
  };
}

/** Bytes of the pairs, or `partBytes` and more as soon as there are so many. */
function briefBytes(pairs: Pairs): number {
  let bytes = 0;
  for (const pair of pairs) {
    bytes += fieldBytes(pair);
    if (bytes >= partBytes) break;
  }
  return bytes;
}

function fieldBytes(pair: Encodable<KeyValue> | undefined): number {
  assert(pair instanceof Uint8Array, "what a write answers with are stored pairs");
  return pairFieldBytes(pair as Encoded<KeyValue>);
}

function whole(bytes: Uint8Array): Piece {
  return {
    length: bytes.length,
    *parts() {
      if (bytes.length > 0) yield bytes;
    },
  };
}

function joined(pieces: readonly Piece[]): Piece {
  return {
    length: pieces.reduce((sum, { length }) => sum + length, 0),
    *parts() {
      for (const piece of pieces) yield* piece.parts();
    },
  };
}

/** A message as a field of another message. */
function within(field: number, piece: Piece): Piece {
  const head = openedField(field, piece.length);
  return {
    length: head.length + piece.length,
    *parts() {
      yield head;
      yield* piece.parts();
    },
  };
}
