import type { Encoded, KeyValue, RangeRequest, RangeResponse } from "../wire/index.js";
import { LongRange, type PairGroup, pairFieldBytes, pairOverheadBytes } from "./long-range.js";
import { answerOf, fetchLimit, isFiltered, rangeResponse, whatIsRead } from "./range.js";
import { inOtherThreads, type Reading, readTurn, rest } from "./reading.js";

/** Where reading resumes for an answer that was not kept completely. */
interface Resume {
  readonly from: string;
  pairsLeft: number;
}

/**
 * Reads a range whose answer is in key order. The answer is measured first, and kept as far as there is room. The rest
 * of a long answer is read again while it is sent, so that it takes no more memory than the pairs of one turn.
 */
export async function readInKeyOrder(reading: Reading): Promise<RangeResponse | LongRange> {
  const { request, hold, context, turns } = reading;
  const pairsMax = request.limit > 0 ? request.limit : Number.POSITIVE_INFINITY;
  const scan = hold.pinned.scan(request.countOnly ? 0 : fetchMax(request), whatIsRead(request));
  const kept: PairGroup[] = [];
  let resume: Resume | undefined;
  let [pairCount, pairBytes, more] = [0, 0, false];
  for (let from = scan.next; from !== undefined; from = scan.next) {
    const ahead = scan.ahead();
    if (ahead !== undefined) await inOtherThreads(ahead, turns);
    const late = readTurn(scan, turns);
    const pairs: Encoded<KeyValue>[] = [];
    let costBytes = 0;
    for (const stored of scan.take()) {
      const answer = answerOf(request, stored);
      if (answer === undefined) continue;
      more = pairCount + pairs.length === pairsMax;
      if (more) break;
      pairs.push(answer);
      pairBytes += pairFieldBytes(answer);
      costBytes += answer.length + pairOverheadBytes;
    }
    pairCount += pairs.length;
    if (resume === undefined && !hold.keep(costBytes)) resume = { from, pairsLeft: 0 };
    if (resume !== undefined) resume.pairsLeft += pairs.length;
    else if (pairs.length > 0) kept.push({ pairs, costBytes });
    if (late) await rest(turns, context.asker);
  }
  const fields = { revision: hold.pinned.current, more, count: scan.count };
  if (resume === undefined && pairBytes <= context.shortBytesMax) {
    return rangeResponse({ ...fields, kvs: kept.flatMap(({ pairs }) => pairs) });
  }
  return new LongRange({ ...fields, pairCount, pairBytes }, hold, () => groupsOf(kept, resume, reading));
}

async function* groupsOf(
  kept: PairGroup[],
  resume: Resume | undefined,
  { request, hold, context, turns }: Reading,
): AsyncGenerator<PairGroup, void, undefined> {
  for (let group = kept.shift(); group !== undefined; group = kept.shift()) yield group;
  if (resume === undefined) return;
  const scan = hold.pinned.scan(Number.POSITIVE_INFINITY, { from: resume.from, ...whatIsRead(request) });
  await rest(turns, context.asker);
  for (let { pairsLeft } = resume; pairsLeft > 0; ) {
    const ahead = scan.ahead();
    if (ahead !== undefined) await inOtherThreads(ahead, turns);
    const late = readTurn(scan, turns);
    const pairs: Encoded<KeyValue>[] = [];
    for (const stored of scan.take()) {
      const answer = pairs.length < pairsLeft ? answerOf(request, stored) : undefined;
      if (answer !== undefined) pairs.push(answer);
    }
    pairsLeft -= pairs.length;
    if (pairs.length > 0) yield { pairs, costBytes: 0 }; // the working memory covers the pairs of one turn
    if (late) await rest(turns, context.asker);
  }
}

/** The most pairs that must be read for the answer. */
function fetchMax(request: RangeRequest): number {
  // Without a filter, the limit and one more pair, which shows that there is more, are enough in key order.
  const limit = request.limit > 0 && !isFiltered(request) ? request.limit + 1 : fetchLimit(request);
  return limit === 0 ? Number.POSITIVE_INFINITY : Math.min(limit, Number.MAX_SAFE_INTEGER);
}
