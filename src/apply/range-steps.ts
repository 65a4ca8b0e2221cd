import { type Steps, sortInSteps, type WorkBudget } from "../base/index.js";
import type { WriteTxn } from "../mvcc/index.js";
import { type Encoded, KeyValue, type RangeRequest, type RangeResponse } from "../wire/index.js";
import { answerOf, fetchLimit, type Order, orderOf, rangeResponse, whatIsRead } from "./range.js";

/**
 * Answers a Range request in steps, from a state that does not change meanwhile.
 *
 * @throws EtcdError `futureRevision` or `compacted`
 */
export function* applyRangeInSteps(
  reader: Pick<WriteTxn, "rangeInSteps">,
  request: RangeRequest,
  budget: WorkBudget,
): Steps<RangeResponse> {
  const { key, rangeEnd, revision, countOnly, limit } = request;
  const options = { revision, limit: fetchLimit(request), countOnly, ...whatIsRead(request) };
  const found = yield* reader.rangeInSteps(key, rangeEnd, options, budget);
  const order = orderOf(request);
  const sorted = order === undefined ? found.kvs : yield* sort(found.kvs, order, budget);
  const kvs: Encoded<KeyValue>[] = [];
  for (const stored of sorted) {
    const answer = answerOf(request, stored);
    if (answer !== undefined) kvs.push(answer);
    if (budget.over(stored.byteLength)) yield;
  }
  const more = limit > 0 && kvs.length > limit;
  const answered = more ? kvs.slice(0, limit) : kvs;
  return rangeResponse({ kvs: answered, more, count: found.count, revision: found.revision });
}

function* sort(
  stored: readonly Encoded<KeyValue>[],
  order: Order,
  budget: WorkBudget,
): Steps<readonly Encoded<KeyValue>[]> {
  const decoded: { readonly kv: KeyValue; readonly stored: Encoded<KeyValue> }[] = [];
  for (const bytes of stored) {
    decoded.push({ kv: KeyValue.decode(bytes), stored: bytes });
    if (budget.over(bytes.byteLength)) yield;
  }
  const sorted = yield* sortInSteps(decoded, order, budget);
  return sorted.map((each) => each.stored);
}
