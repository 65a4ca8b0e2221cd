import type { InternalRaftRequest, PutRequest, RequestOp, TxnRequest } from "../wire/index.js";

/** What a key takes beside its own bytes and the value's: an estimate, the same on every member. */
const keyOverhead = 256;
/** What a lease takes. */
const leaseOverhead = 64;

/** The part of a request that may make the store grow. */
export type Growth = Partial<Pick<InternalRaftRequest, "put" | "txn" | "leaseGrant">>;

/** How many bytes a request may add; 0 when it adds nothing, so that it is let through when there is no room. */
export function growthOf({ put, txn, leaseGrant }: Growth): number {
  if (put !== undefined) return putGrowth(put);
  if (txn !== undefined) return txnGrowth(txn);
  return leaseGrant === undefined ? 0 : leaseOverhead;
}

/** Bounds what the backend may hold. */
export class Quota {
  readonly #bytesMax: number;
  readonly #sizeInUse: () => number;

  /** @param bytesMax Infinity for no bound */
  constructor(bytesMax: number, sizeInUse: () => number) {
    this.#bytesMax = bytesMax;
    this.#sizeInUse = sizeInUse;
  }

  /** Whether there is room for the request. What adds nothing always has room. */
  allows(request: Growth): boolean {
    const growth = growthOf(request);
    return growth === 0 || this.#sizeInUse() + growth < this.#bytesMax;
  }
}

function putGrowth({ key, value }: PutRequest): number {
  return keyOverhead + key.length + value.byteLength;
}

/** Of the dearer branch: which one will be taken, nobody knows yet. */
function txnGrowth({ success, failure }: TxnRequest): number {
  return Math.max(opsGrowth(success), opsGrowth(failure));
}

function opsGrowth(ops: readonly RequestOp[]): number {
  let sum = 0;
  for (const { request } of ops) {
    if (request?.case === "requestPut") sum += putGrowth(request.value);
    else if (request?.case === "requestTxn") sum += txnGrowth(request.value);
  }
  return sum;
}
