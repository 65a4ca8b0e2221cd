import { setImmediate as nextTurn } from "node:timers/promises";
import { EtcdError, finish, unboundedWork } from "../base/index.js";
import type { Asker, Store } from "../mvcc/index.js";
import { type RangeRequest, type RangeResponse, ResponseHeader, type TxnRequest, TxnResponse } from "../wire/index.js";
import { arrangedResponse, fetchLimit, isPlain, type Picked, pick, plainResponse } from "./range.js";
import { checkRanges } from "./txn-check.js";
import { planTxn } from "./txn-plan.js";

/** Pairs decoded before the event loop gets its turn: some milliseconds' worth. */
const pairsAtOnce = 1_000;

/**
 * Answers a Range request from the state at the call, without the log. A large range is read in turns, with the event
 * loop free in between.
 *
 * @throws EtcdError `futureRevision` or `compacted`; `canceled` when the asker is gone between two turns
 */
export async function readRange(store: Store, request: RangeRequest, asker: Asker): Promise<RangeResponse> {
  const { key, rangeEnd, revision, countOnly } = request;
  const options = { revision, limit: fetchLimit(request), countOnly };
  const found = await store.rangeInTurns(key, rangeEnd, options, asker);
  if (isPlain(request)) return plainResponse(request, found);
  const picked: Picked[] = [];
  for (let at = 0; at < found.kvs.length; at += pairsAtOnce) {
    if (at > 0) {
      await nextTurn();
      if (asker.cancelled) throw new EtcdError("canceled");
    }
    for (const each of pick(request, found.kvs.slice(at, at + pairsAtOnce))) picked.push(each);
  }
  return arrangedResponse(request, picked, found);
}

/** Answers a txn that only reads (`isReadOnly`) in the same way: comparisons and ranges see one state. */
export async function readTxn(store: Store, request: TxnRequest, asker: Asker): Promise<TxnResponse> {
  const { revision } = store;
  const plan = finish(planTxn(store, request, unboundedWork));
  checkRanges(store, plan);
  // All begin before anything else runs, and each goes on with the state that it began with.
  const ranges = plan.steps.flatMap((step) =>
    step?.case === "requestRange" ? [readRange(store, step.value, asker)] : [],
  );
  const responses = (await Promise.all(ranges)).map(
    (value) => ({ response: { case: "responseRange", value } }) as const,
  );
  return TxnResponse.create({ header: ResponseHeader.create({ revision }), succeeded: plan.succeeded, responses });
}
