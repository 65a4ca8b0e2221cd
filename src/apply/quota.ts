import {
  type InternalRaftRequest,
  type PutRequest,
  type RequestOp,
  type TxnRequest,
  withNestedTxns,
} from "../wire/index.js";

/** Estimated bytes of a key beside its own and its value's; the same on every member. */
const keyOverhead = 256;
/** Estimated bytes of a lease. */
const leaseOverhead = 64;

/** The part of a request that may make the store grow. */
export type Growth = Partial<Pick<InternalRaftRequest, "put" | "txn" | "leaseGrant">>;

/** The bytes that a request may add; 0 for one that adds nothing, so that it is accepted even when there is no room. */
export function growthOf({ put, txn, leaseGrant }: Growth): number {
  if (put !== undefined) return putGrowth(put);
  if (txn !== undefined) return txnGrowth(txn);
  return leaseGrant === undefined ? 0 : leaseOverhead;
}

/** Bounds the size of the backend. */
export class Quota {
  readonly #bytesMax: number;
  readonly #sizeInUse: () => number;

  /**
   * @param bytesMax Infinity means no bound
   * @param sizeInUse current size of the backend
   */
  constructor(bytesMax: number, sizeInUse: () => number) {
    this.#bytesMax = bytesMax;
    this.#sizeInUse = sizeInUse;
  }

  /** Whether there is room for the request. A request that adds nothing always has room. */
  allows(request: Growth): boolean {
    const growth = growthOf(request);
    return growth === 0 || this.#sizeInUse() + growth < this.#bytesMax;
  }
}

function putGrowth({ key, value }: PutRequest): number {
  return keyOverhead + key.length + value.byteLength;
}

/**
 * Bytes of the more expensive branch, since the branch is not chosen yet. A loop weighs nested transactions before
 * those that contain them; recursion could overflow the stack, since a request may nest as deeply as it has bytes.
 */
function txnGrowth(request: TxnRequest): number {
  const txns = withNestedTxns(request);
  if (txns.length === 1) return Math.max(opsGrowth(request.success, none), opsGrowth(request.failure, none));
  const nested = new Map<TxnRequest, number>();
  let growth = 0;
  for (const txn of txns.toReversed()) {
    growth = Math.max(opsGrowth(txn.success, nested), opsGrowth(txn.failure, nested));
    nested.set(txn, growth);
  }
  return growth;
}

const none: ReadonlyMap<TxnRequest, number> = new Map();

function opsGrowth(ops: readonly RequestOp[], nested: ReadonlyMap<TxnRequest, number>): number {
  let sum = 0;
  for (const { request } of ops) {
    if (request?.case === "requestPut") sum += putGrowth(request.value);
    else if (request?.case === "requestTxn") sum += nested.get(request.value) ?? 0;
  }
  return sum;
}
