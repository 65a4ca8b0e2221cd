import { assertNever, type Key } from "../../base/index.js";
import type { RequestOp, TxnRequest } from "../../wire/index.js";

/** Calls `visit` for each range whose keys a transaction may write, whichever branch is taken, or compares. */
export function visitRanges(request: TxnRequest, visit: Visit): void {
  // A failed comparison shows that a key has changed, so that what is known about it is old.
  for (const { key, rangeEnd } of request.compare) visit(key, rangeEnd);
  visitOps(request, visit, visitRanges);
}

/** Calls `visit` for each range whose keys a transaction may write, whichever branch is taken. */
export function visitWrites(request: TxnRequest, visit: Visit): void {
  visitOps(request, visit, visitWrites);
}

type Visit = (key: Key, end: Key) => void;
/** Visits the ranges of a transaction within a transaction. */
type VisitInner = (request: TxnRequest, visit: Visit) => void;

function visitOps({ success, failure }: TxnRequest, visit: Visit, inner: VisitInner): void {
  for (const op of success) visitOp(op, visit, inner);
  for (const op of failure) visitOp(op, visit, inner);
}

function visitOp({ request }: RequestOp, visit: Visit, inner: VisitInner): void {
  switch (request?.case) {
    case "requestPut":
      visit(request.value.key, "");
      break;
    case "requestDeleteRange":
      visit(request.value.key, request.value.rangeEnd);
      break;
    case "requestTxn":
      inner(request.value, visit);
      break;
    case "requestRange":
    case undefined:
      break;
    default:
      assertNever(request);
  }
}
