import type { Store } from "../mvcc/index.js";
import { type RangeRequest, type RangeResponse, ResponseHeader, type TxnRequest, TxnResponse } from "../wire/index.js";
import { fetchLimit, rangeResponse } from "./range.js";
import { checkRanges } from "./txn.js";
import { planTxn } from "./txn-plan.js";

/**
 * Answers a Range request from the state at the call, without the log. A large range is read in turns, with the event
 * loop free in between.
 *
 * @throws EtcdError `futureRevision` or `compacted`; the signal's reason when it aborts between two turns
 */
export async function readRange(store: Store, request: RangeRequest, signal: AbortSignal): Promise<RangeResponse> {
  const { key, rangeEnd, revision, countOnly } = request;
  const options = { revision, limit: fetchLimit(request), countOnly };
  const found = await store.rangeInTurns(key, rangeEnd, options, signal);
  return rangeResponse(request, found.kvs, found.count, found.revision);
}

/** Answers a txn that only reads (`isReadOnly`) in the same way: comparisons and ranges see one state. */
export async function readTxn(store: Store, request: TxnRequest, signal: AbortSignal): Promise<TxnResponse> {
  const { revision } = store;
  const plan = planTxn(store, request);
  checkRanges(store, plan);
  // All begin before anything else runs, and each goes on with the state that it began with.
  const ranges = plan.steps.flatMap((step) =>
    step?.case === "requestRange" ? [readRange(store, step.value, signal)] : [],
  );
  const responses = (await Promise.all(ranges)).map(
    (value) => ({ response: { case: "responseRange", value } }) as const,
  );
  return TxnResponse.create({ header: ResponseHeader.create({ revision }), succeeded: plan.succeeded, responses });
}
