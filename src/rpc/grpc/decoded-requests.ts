import { type ErrorKind, EtcdError } from "../../base/index.js";
import { type Codec, decodeReceived, TooManyParts } from "../../wire/index.js";

/** A bound on the parts of a request, so that decoding it does not block other clients for long. */
export interface RequestBound {
  /** The most nested messages, strings, byte strings and numbers of lists in a request. */
  readonly partsMax: number;
  /** The error for a request with more parts, where etcd has an error for it. */
  readonly refusal?: ErrorKind;
}

/** Requests other than transactions have a dozen parts. Work on a part may take far longer than its decoding. */
const ordinaryBound: RequestBound = { partsMax: 1_000 };
/** Decoding this many parts of a transaction takes a few milliseconds. */
const txnPartsMin = 20_000;

/**
 * A bound above every transaction within `--max-txn-ops`: an operation is two messages and a value, a comparison is one
 * and a value, and there may be so many of each in the comparisons and in either branch.
 */
export function txnBound(maxTxnOps: number): RequestBound {
  return { partsMax: Math.max(txnPartsMin, 8 * maxTxnOps), refusal: "tooManyOps" };
}

/** Decodes a request. @throws WireError; EtcdError when it has more parts than `bound` allows */
export function decode<Request>(codec: Codec<Request>, bytes: Uint8Array, bound = ordinaryBound): Request {
  try {
    return decodeReceived(codec, bytes, bound.partsMax);
  } catch (error) {
    if (error instanceof TooManyParts && bound.refusal !== undefined) throw new EtcdError(bound.refusal);
    throw error;
  }
}
