import { isOneKey, type LeaseId } from "../base/index.js";
import type { Lessor } from "../lease/index.js";
import type { PutRequest, RequestOp, TxnRequest } from "../wire/index.js";
import type { Command } from "./command.js";

/** The most comparisons and operations of a txn that is applied at once. Each may read a value of some megabytes. */
const operationsAtOnce = 16;
/** The most puts of a txn that read nothing, and are applied at once: about a millisecond. */
const putsAtOnce = 128;
/** The most keys of one lease that are visited at once. */
const leaseKeysAtOnce = 256;

/**
 * Whether a command is small enough to be applied in one turn of the event loop, whatever the stores hold. Nearly all
 * commands are: they are about one key, or a few.
 *
 * @param judged whether permissions are checked, which may visit all keys of a lease
 */
export function fitsOneTurn(command: Command, lessor: Lessor, judged: boolean): boolean {
  switch (command.case) {
    case "put":
      return putFits(command.value, lessor, judged);
    case "txn":
      return txnFits(command.value, lessor, judged);
    case "deleteRange":
    case "range":
      return isOneKey(command.value.rangeEnd);
    case "leaseRevoke":
      return leaseFits(command.value.id, lessor);
    default:
      return true;
  }
}

function txnFits({ compare, success, failure }: TxnRequest, lessor: Lessor, judged: boolean): boolean {
  const operations = success.length + failure.length;
  if (compare.length + operations > operationsAtOnce + putsAtOnce) return false;
  if (compare.length + operations > operationsAtOnce) {
    const puts = success.filter(readsNothing).length + failure.filter(readsNothing).length;
    if (puts > putsAtOnce || compare.length + operations - puts > operationsAtOnce) return false;
  }
  return (
    compare.every(({ rangeEnd }) => isOneKey(rangeEnd)) &&
    success.every((operation) => operationFits(operation, lessor, judged)) &&
    failure.every((operation) => operationFits(operation, lessor, judged))
  );
}

function readsNothing({ request }: RequestOp): boolean {
  if (request?.case !== "requestPut") return false;
  const { prevKv, ignoreValue, ignoreLease } = request.value;
  return !prevKv && !ignoreValue && !ignoreLease;
}

function operationFits({ request }: RequestOp, lessor: Lessor, judged: boolean): boolean {
  switch (request?.case) {
    case "requestPut":
      return putFits(request.value, lessor, judged);
    case "requestTxn":
      return false;
    case undefined:
      return true;
    default:
      return request !== undefined && isOneKey(request.value.rangeEnd);
  }
}

function putFits({ lease }: PutRequest, lessor: Lessor, judged: boolean): boolean {
  return !judged || lease === 0n || leaseFits(lease, lessor);
}

function leaseFits(id: bigint, lessor: Lessor): boolean {
  return (lessor.lookup(id as LeaseId)?.keyCount ?? 0) <= leaseKeysAtOnce;
}
