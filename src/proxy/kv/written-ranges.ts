import { assertNever, type Key } from "../../base/index.js";
import type { RequestOp, TxnRequest } from "../../wire/index.js";

/** Calls `visit` for each range whose keys a transaction may write, whichever branch is taken, or compares. */
export function visitRanges({ compare, success, failure }: TxnRequest, visit: (key: Key, end: Key) => void): void {
  // A failed comparison shows that a key has changed, so that what is known about it is old.
  for (const { key, rangeEnd } of compare) visit(key, rangeEnd);
  for (const op of success) visitOp(op, visit);
  for (const op of failure) visitOp(op, visit);
}

function visitOp({ request }: RequestOp, visit: (key: Key, end: Key) => void): void {
  switch (request?.case) {
    case "requestPut":
      visit(request.value.key, "");
      break;
    case "requestDeleteRange":
      visit(request.value.key, request.value.rangeEnd);
      break;
    case "requestTxn":
      visitRanges(request.value, visit);
      break;
    case "requestRange":
    case undefined:
      break;
    default:
      assertNever(request);
  }
}
