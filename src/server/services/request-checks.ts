import { isFiltered } from "../../apply/index.js";
import { EtcdError } from "../../base/index.js";
import {
  type DeleteRangeRequest,
  type PutRequest,
  type RangeRequest,
  type RequestOp,
  SortOrder,
  SortTarget,
  type TxnRequest,
} from "../../wire/index.js";
import { checkKeys } from "./txn-keys.js";

const sortOrders: ReadonlySet<number> = new Set(Object.values(SortOrder));
const sortTargets: ReadonlySet<number> = new Set(Object.values(SortTarget));

/**
 * Checks a range request without regard to the store.
 *
 * @throws EtcdError `emptyKey` or `invalidSortOption`
 */
export function checkRange(request: RangeRequest): void {
  if (request.key === "") throw new EtcdError("emptyKey");
  // An unknown sort target crashes etcd 3.5. It is refused here with the error of 3.6.
  if (!sortOrders.has(request.sortOrder) || !sortTargets.has(request.sortTarget)) {
    throw new EtcdError("invalidSortOption");
  }
}

/**
 * Checks the request of a stream of pairs. etcd lets order NONE pass with a target other than KEY, sorts each chunk on
 * its own, and then sends keys twice or not at all; such a request is refused here.
 *
 * @throws EtcdError `emptyKey`, `invalidSortOption`, `streamSortOrder` or `streamFilters`, in this order
 */
export function checkRangeStream(request: RangeRequest): void {
  checkRange(request);
  const { sortOrder, sortTarget } = request;
  if (sortOrder === SortOrder.DESCEND || sortTarget !== SortTarget.KEY) throw new EtcdError("streamSortOrder");
  if (isFiltered(request)) throw new EtcdError("streamFilters");
}

/** Checks a put. @throws EtcdError `emptyKey`, `valueProvided` or `leaseProvided`, in this order */
export function checkPut(request: PutRequest): void {
  if (request.key === "") throw new EtcdError("emptyKey");
  if (request.ignoreValue && request.value.length > 0) throw new EtcdError("valueProvided");
  if (request.ignoreLease && request.lease !== 0n) throw new EtcdError("leaseProvided");
}

/** Checks a delete. @throws EtcdError `emptyKey` */
export function checkDeleteRange(request: DeleteRangeRequest): void {
  if (request.key === "") throw new EtcdError("emptyKey");
}

/**
 * Checks a transaction and its nested transactions without regard to the store.
 *
 * @param maxOperations the most entries of each of its three lists. Nested transactions share what a list leaves over
 * @throws EtcdError the error of an operation, or `tooManyOps`; if there are no other errors, `duplicateKey`
 */
export function checkTxn(request: TxnRequest, maxOperations: number): void {
  checkOperations(request, maxOperations);
  checkKeys(request);
}

/** A transaction whose operations are being checked. */
interface Level {
  readonly txn: TxnRequest;
  /** The rest of the bound that the transaction's own lists leave to the nested transactions. */
  readonly left: number;
  /** The number of operations that have been checked, those of `success` first. */
  checked: number;
}

/**
 * Checks all operations in a loop instead of a recursion, since nesting is bounded by the number of operations only.
 */
function checkOperations(request: TxnRequest, maxOperations: number): void {
  const open = [openLevel(request, maxOperations)];
  for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
    const { success, failure } = level.txn;
    const at = level.checked++;
    const operation = at < success.length ? success[at] : failure[at - success.length];
    if (operation === undefined) open.pop();
    else if (operation.request?.case === "requestTxn") open.push(openLevel(operation.request.value, level.left));
    else checkOperation(operation);
  }
}

function openLevel(txn: TxnRequest, maxOperations: number): Level {
  const { compare, success, failure } = txn;
  const left = maxOperations - Math.max(compare.length, success.length, failure.length);
  if (left < 0) throw new EtcdError("tooManyOps");
  for (const { key } of compare) if (key === "") throw new EtcdError("emptyKey");
  return { txn, left, checked: 0 };
}

function checkOperation({ request }: RequestOp): void {
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
    case undefined:
      throw new EtcdError("keyNotFound");
  }
}
