import { compareBytes, emptyBytes } from "../base/index.js";
import type { Reader } from "../mvcc/index.js";
import {
  type Encodable,
  type Encoded,
  KeyValue,
  type RangeRequest,
  RangeResponse,
  ResponseHeader,
  SortOrder,
  SortTarget,
} from "../wire/index.js";

/**
 * The answer to a Range request, from one state. Its header tells only the revision.
 *
 * @throws EtcdError `futureRevision` or `compacted`
 */
export function applyRange(reader: Reader, request: RangeRequest): RangeResponse {
  const { key, rangeEnd, revision, countOnly } = request;
  const found = reader.range(key, rangeEnd, { revision, limit: fetchLimit(request), countOnly });
  return rangeResponse(request, found.kvs, found.count, found.revision);
}

/** How many pairs must be read to answer, in key order; 0: all. */
export function fetchLimit(request: RangeRequest): number {
  if (request.limit <= 0 || request.sortOrder !== SortOrder.NONE || isFiltered(request)) return 0;
  // One more than asked for, because a sort by something else than the key takes part in what is cut off.
  return Math.min(request.limit + 1, Number.MAX_SAFE_INTEGER);
}

/** Filters, sorts, cuts and strips what was read: in this order, which decides what the limit leaves. */
export function rangeResponse(
  request: RangeRequest,
  stored: readonly Encoded<KeyValue>[],
  count: number,
  revision: number,
): RangeResponse {
  const kvs = isPlain(request) ? stored : arrange(request, stored);
  const more = request.limit > 0 && kvs.length > request.limit;
  return RangeResponse.create({
    header: ResponseHeader.create({ revision }),
    kvs: more ? kvs.slice(0, request.limit) : kvs,
    more,
    count,
  });
}

/** Whether the stored pairs can be answered with as they are, none of them decoded. */
function isPlain(request: RangeRequest): boolean {
  const { sortOrder, sortTarget, keysOnly } = request;
  const inKeyOrder = sortOrder === SortOrder.NONE && sortTarget === SortTarget.KEY;
  return inKeyOrder && !keysOnly && !isFiltered(request);
}

function isFiltered({ minModRevision, maxModRevision, minCreateRevision, maxCreateRevision }: RangeRequest): boolean {
  return minModRevision !== 0 || maxModRevision !== 0 || minCreateRevision !== 0 || maxCreateRevision !== 0;
}

/** A stored pair and what it says; the bytes are what is answered with. */
interface Pair {
  readonly stored: Encoded<KeyValue>;
  readonly kv: KeyValue;
}

function arrange(request: RangeRequest, stored: readonly Encoded<KeyValue>[]): Encodable<KeyValue>[] {
  const pairs = stored.map((bytes) => ({ stored: bytes, kv: KeyValue.decode(bytes) }));
  const sorted = sort(request, isFiltered(request) ? pairs.filter(({ kv }) => passes(request, kv)) : pairs);
  return sorted.map((pair) => (request.keysOnly ? { ...pair.kv, value: emptyBytes } : pair.stored));
}

function passes(request: RangeRequest, { modRevision, createRevision }: KeyValue): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  return (
    (maxModRevision === 0 || modRevision <= maxModRevision) &&
    (minModRevision === 0 || modRevision >= minModRevision) &&
    (maxCreateRevision === 0 || createRevision <= maxCreateRevision) &&
    (minCreateRevision === 0 || createRevision >= minCreateRevision)
  );
}

type Order = (one: Pair, other: Pair) => number;

/** By anything else than the key, no order means ascending. Equals stay in key order. */
function sort({ sortOrder, sortTarget }: RangeRequest, pairs: Pair[]): Pair[] {
  const order = orderBy(sortTarget);
  if (order === undefined) return pairs;
  if (sortOrder === SortOrder.DESCEND) return pairs.sort((one, other) => order(other, one));
  // The store already gives ascending keys.
  return sortTarget === SortTarget.KEY ? pairs : pairs.sort(order);
}

function orderBy(target: SortTarget): Order | undefined {
  switch (target) {
    case SortTarget.KEY:
      return (one, other) => (one.kv.key < other.kv.key ? -1 : 1);
    case SortTarget.VERSION:
      return (one, other) => one.kv.version - other.kv.version;
    case SortTarget.CREATE:
      return (one, other) => one.kv.createRevision - other.kv.createRevision;
    case SortTarget.MOD:
      return (one, other) => one.kv.modRevision - other.kv.modRevision;
    case SortTarget.VALUE:
      return (one, other) => compareBytes(one.kv.value, other.kv.value);
    default:
      return undefined;
  }
}
