import type { RequestOp, TxnRequest } from "./generated/rpc.js";

/** A transaction and all transactions nested in it, each after the one that contains it. */
export function withNestedTxns(request: TxnRequest): readonly TxnRequest[] {
  const found = [request];
  for (let at = 0; at < found.length; at++) {
    const txn = found[at];
    if (txn === undefined) break;
    addNested(txn.success, found);
    addNested(txn.failure, found);
  }
  return found;
}

function addNested(operations: readonly RequestOp[], found: TxnRequest[]): void {
  for (const { request } of operations) if (request?.case === "requestTxn") found.push(request.value);
}
