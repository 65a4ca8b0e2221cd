import type { Steps, WorkBudget } from "../base/index.js";
import type { WriteTxn } from "../mvcc/index.js";
import { type DeleteRangeRequest, DeleteRangeResponse, ResponseHeader } from "../wire/index.js";

/** @param answered false when nobody waits for the response; the previous pairs are not read then */
export function* applyDeleteRange(
  txn: WriteTxn,
  { key, rangeEnd, prevKv }: DeleteRangeRequest,
  answered: boolean,
  budget: WorkBudget,
): Steps<DeleteRangeResponse> {
  const prevKvs = prevKv && answered ? (yield* txn.rangeInSteps(key, rangeEnd, {}, budget)).kvs : [];
  const deleted = yield* txn.deleteInSteps(key, rangeEnd, budget);
  const revision = txn.changes.length > 0 ? txn.revision + 1 : txn.revision;
  return DeleteRangeResponse.create({ header: ResponseHeader.create({ revision }), deleted, prevKvs });
}
