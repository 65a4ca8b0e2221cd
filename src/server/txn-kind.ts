import type { RangeRequest, RequestOp, TxnRequest } from "../wire/index.js";

/**
 * The transaction only reads, and need not go through the log. As etcd sees it: one that holds another transaction
 * does go, whatever is in there.
 */
export function isReadOnly(txn: TxnRequest): boolean {
  return operations(txn).every((operation) => rangeOf(operation) !== undefined);
}

/** It only reads, and is content with what this member knows. */
export function isSerializable(txn: TxnRequest): boolean {
  return operations(txn).every((operation) => rangeOf(operation)?.serializable === true);
}

function operations(txn: TxnRequest): readonly RequestOp[] {
  return [...txn.success, ...txn.failure];
}

function rangeOf({ request }: RequestOp): RangeRequest | undefined {
  return request?.case === "requestRange" ? request.value : undefined;
}
