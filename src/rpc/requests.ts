import { EtcdError } from "../base/index.js";
import {
  type DeleteRangeRequest,
  type PutRequest,
  type RangeRequest,
  type RequestOp,
  SortOrder,
  SortTarget,
  type TxnRequest,
} from "../wire/index.js";
import { checkBranch } from "./txn-keys.js";

const sortOrders: ReadonlySet<number> = new Set(Object.values(SortOrder));
const sortTargets: ReadonlySet<number> = new Set(Object.values(SortTarget));

/**
 * What can be said against a range without looking at the store.
 *
 * @throws EtcdError `emptyKey` or `invalidSortOption`
 */
export function checkRange(request: RangeRequest): void {
  if (request.key === "") throw new EtcdError("emptyKey");
  // etcd 3.5 stops at an unknown target; we refuse it, in the words of 3.6.
  if (!sortOrders.has(request.sortOrder) || !sortTargets.has(request.sortTarget)) {
    throw new EtcdError("invalidSortOption");
  }
}

/** @throws EtcdError `emptyKey`, `valueProvided` or `leaseProvided`, in this order */
export function checkPut(request: PutRequest): void {
  if (request.key === "") throw new EtcdError("emptyKey");
  if (request.ignoreValue && request.value.length > 0) throw new EtcdError("valueProvided");
  if (request.ignoreLease && request.lease !== 0n) throw new EtcdError("leaseProvided");
}

/** @throws EtcdError `emptyKey` */
export function checkDeleteRange(request: DeleteRangeRequest): void {
  if (request.key === "") throw new EtcdError("emptyKey");
}

/**
 * What can be said against a transaction, nested ones included, without looking at the store.
 *
 * @param maxOperations most entries of each of its three lists; what a list leaves over, transactions nested in it have
 * @throws EtcdError of its operations, or `tooManyOps`; when nothing else is wrong, `duplicateKey`
 */
export function checkTxn(request: TxnRequest, maxOperations: number): void {
  checkOperations(request, maxOperations);
  checkBranch(request.success);
  checkBranch(request.failure);
}

function checkOperations({ compare, success, failure }: TxnRequest, maxOperations: number): void {
  const left = maxOperations - Math.max(compare.length, success.length, failure.length);
  if (left < 0) throw new EtcdError("tooManyOps");
  for (const { key } of compare) if (key === "") throw new EtcdError("emptyKey");
  for (const operation of success) checkOperation(operation, left);
  for (const operation of failure) checkOperation(operation, left);
}

function checkOperation({ request }: RequestOp, maxOperations: number): void {
  switch (request?.case) {
    case "requestRange":
      checkRange(request.value);
      break;
    case "requestPut":
      checkPut(request.value);
      break;
    case "requestDeleteRange":
      checkDeleteRange(request.value);
      break;
    case "requestTxn":
      checkOperations(request.value, maxOperations);
      break;
    case undefined:
      throw new EtcdError("keyNotFound");
  }
}
