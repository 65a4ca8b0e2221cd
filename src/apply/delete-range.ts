import type { WriteTxn } from "../mvcc/index.js";
import { type DeleteRangeRequest, DeleteRangeResponse, ResponseHeader } from "../wire/index.js";

export function applyDeleteRange(txn: WriteTxn, { key, rangeEnd, prevKv }: DeleteRangeRequest): DeleteRangeResponse {
  const prevKvs = prevKv ? txn.range(key, rangeEnd).kvs : [];
  const deleted = txn.deleteRange(key, rangeEnd);
  const revision = txn.changes.length > 0 ? txn.revision + 1 : txn.revision;
  return DeleteRangeResponse.create({ header: ResponseHeader.create({ revision }), deleted, prevKvs });
}
