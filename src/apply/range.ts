import { compareBytes, emptyBytes } from "../base/index.js";
import type { RangeResult, Reader } from "../mvcc/index.js";
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
  if (isPlain(request)) return plainResponse(request, found);
  return arrangedResponse(request, pick(request, found.kvs), found);
}

/** How many pairs must be read to answer, in key order; 0: all. */
export function fetchLimit(request: RangeRequest): number {
  if (request.limit <= 0 || request.sortOrder !== SortOrder.NONE || isFiltered(request)) return 0;
  // One more than asked for, because a sort by something else than the key takes part in what is cut off.
  return Math.min(request.limit + 1, Number.MAX_SAFE_INTEGER);
}

/** Whether the stored pairs can be answered with as they are, none of them decoded. */
export function isPlain(request: RangeRequest): boolean {
  const { sortOrder, sortTarget, keysOnly } = request;
  const inKeyOrder = sortOrder === SortOrder.NONE && sortTarget === SortTarget.KEY;
  return inKeyOrder && !keysOnly && !isFiltered(request);
}

export function plainResponse(request: RangeRequest, { kvs, count, revision }: RangeResult): RangeResponse {
  return response(request, kvs, count, revision);
}

/** What a stored pair says, and what of it is answered with. */
export interface Picked {
  readonly kv: KeyValue;
  readonly answer: Encodable<KeyValue>;
}

/** Those stored pairs that the bounds of the request let through, without their values when only keys are wanted. */
export function pick(request: RangeRequest, stored: readonly Encoded<KeyValue>[]): Picked[] {
  const picked: Picked[] = [];
  for (const bytes of stored) {
    const kv = KeyValue.decode(bytes);
    if (passes(request, kv)) picked.push({ kv, answer: request.keysOnly ? { ...kv, value: emptyBytes } : bytes });
  }
  return picked;
}

/** Sorts, then cuts: in this order, which decides what the limit leaves. */
export function arrangedResponse(request: RangeRequest, picked: Picked[], found: RangeResult): RangeResponse {
  const answers = sort(request, picked).map(({ answer }) => answer);
  return response(request, answers, found.count, found.revision);
}

function response(
  { limit }: RangeRequest,
  kvs: readonly Encodable<KeyValue>[],
  count: number,
  revision: number,
): RangeResponse {
  const more = limit > 0 && kvs.length > limit;
  const header = ResponseHeader.create({ revision });
  return RangeResponse.create({ header, kvs: more ? kvs.slice(0, limit) : kvs, more, count });
}

function isFiltered({ minModRevision, maxModRevision, minCreateRevision, maxCreateRevision }: RangeRequest): boolean {
  return minModRevision !== 0 || maxModRevision !== 0 || minCreateRevision !== 0 || maxCreateRevision !== 0;
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

type Order = (one: Picked, other: Picked) => number;

/** By anything else than the key, no order means ascending. Equals stay in key order. */
function sort({ sortOrder, sortTarget }: RangeRequest, picked: Picked[]): Picked[] {
  const order = orderBy(sortTarget);
  if (order === undefined) return picked;
  if (sortOrder === SortOrder.DESCEND) return picked.sort((one, other) => order(other, one));
  // The store already gives ascending keys.
  return sortTarget === SortTarget.KEY ? picked : picked.sort(order);
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
