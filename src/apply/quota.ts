import {
  type InternalRaftRequest,
  type PutRequest,
  type RequestOp,
  type TxnRequest,
  withNestedTxns,
} from "../wire/index.js";

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

/**
 * What the dearer branch adds: which one will be taken, nobody knows yet. Nested transactions are weighed before those
 * that hold them, in a loop, since they may lie in each other as deep as there is room in a request.
 */
function txnGrowth(request: TxnRequest): number {
  const nested = new Map<TxnRequest, number>();
  let growth = 0;
  for (const txn of withNestedTxns(request).toReversed()) {
    growth = Math.max(opsGrowth(txn.success, nested), opsGrowth(txn.failure, nested));
    nested.set(txn, growth);
  }
  return growth;
}

function opsGrowth(ops: readonly RequestOp[], nested: ReadonlyMap<TxnRequest, number>): number {
  let sum = 0;
  for (const { request } of ops) {
    if (request?.case === "requestPut") sum += putGrowth(request.value);
    else if (request?.case === "requestTxn") sum += nested.get(request.value) ?? 0;
  }
  return sum;
}
