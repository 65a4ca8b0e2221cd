import { assert, emptyBytes, type Key, sortInSteps } from "../base/index.js";
import { type Encoded, KeyValue, type RangeRequest, type RangeResponse, SortTarget } from "../wire/index.js";
import { LongRange, type PairGroup, pairFieldBytes, pairOverheadBytes, type ReadHold } from "./long-range.js";
import { answerOf, fetchLimit, type Order, rangeResponse, readsKeysOnly, whatIsRead } from "./range.js";
import { checkAsked, inOtherThreads, type Reading, readTurn, rest, turnBytes } from "./reading.js";

/** Memory of one pair while it is sorted, beside its key and the value it is sorted by. */
const placeBytes = 320;

/** A pair of the answer. Its bytes are read again when there was no room to keep them. */
interface Place {
  /** The pair for sorting; without its value, unless it is sorted by value. */
  readonly kv: KeyValue;
  readonly answer: Encoded<KeyValue> | undefined;
  readonly fieldBytes: number;
}

/**
 * Reads a range whose answer is not in key order. The sort keys of all pairs must fit into memory together, or the read
 * is refused. The limit is applied after the sort, since the order decides which pairs remain.
 */
export async function readSorted(reading: Reading, order: Order): Promise<RangeResponse | LongRange> {
  const { request, hold, context, turns } = reading;
  const { places, count } = await readPlaces(reading);
  const sorted = await turns.run(sortInSteps(places, order, turns), () => checkAsked(context.asker));
  const more = request.limit > 0 && sorted.length > request.limit;
  const answered = more ? sorted.slice(0, request.limit) : sorted;
  const pairBytes = answered.reduce((sum, { fieldBytes }) => sum + fieldBytes, 0);
  const fields = { revision: hold.pinned.current, more, count };
  if (pairBytes <= context.shortBytesMax) {
    return rangeResponse({ ...fields, kvs: answered.map((place) => bytesOf(place, request, hold)) });
  }
  const pairCount = answered.length;
  return new LongRange({ ...fields, pairCount, pairBytes }, hold, () => groupsOf(answered, reading));
}

async function readPlaces({ request, hold, context, turns }: Reading): Promise<{ places: Place[]; count: number }> {
  const limit = fetchLimit(request);
  const byValue = request.sortTarget === SortTarget.VALUE;
  const pairsMax = limit === 0 ? Number.POSITIVE_INFINITY : limit;
  const scan = hold.pinned.scan(request.countOnly ? 0 : pairsMax, whatIsRead(request));
  const places: Place[] = [];
  while (scan.next !== undefined) {
    const ahead = scan.ahead();
    if (ahead !== undefined) await inOtherThreads(ahead, turns);
    const late = readTurn(scan, turns);
    for (const stored of scan.take()) {
      const answer = answerOf(request, stored);
      if (answer === undefined) continue;
      const kv = KeyValue.decode(stored);
      hold.need(placeBytes + kv.key.length + (byValue ? kv.value.length : 0));
      places.push({
        kv: byValue ? kv : { ...kv, value: emptyBytes },
        answer: hold.keep(answer.length + pairOverheadBytes) ? answer : undefined,
        fieldBytes: pairFieldBytes(answer),
      });
    }
    if (late) await rest(turns, context.asker);
  }
  return { places, count: scan.count };
}

async function* groupsOf(
  places: readonly Place[],
  { request, hold, context, turns }: Reading,
): AsyncGenerator<PairGroup, void, undefined> {
  let pairs: Encoded<KeyValue>[] = [];
  let bytes = 0;
  for (const place of places) {
    pairs.push(bytesOf(place, request, hold));
    bytes += place.fieldBytes;
    if (bytes < turnBytes && !turns.over(place.fieldBytes)) continue;
    yield { pairs, costBytes: 0 };
    pairs = [];
    bytes = 0;
    await rest(turns, context.asker);
  }
  if (pairs.length > 0) yield { pairs, costBytes: 0 };
}

function bytesOf({ kv, answer }: Place, request: RangeRequest, hold: ReadHold): Encoded<KeyValue> {
  if (answer !== undefined) return answer;
  const read = hold.pinned.get(kv.key as Key, readsKeysOnly(request));
  const again = read && answerOf(request, read);
  assert(again !== undefined, "a pinned range answers the same twice");
  return again;
}
