import { compareBytes, emptyBytes } from "../base/index.js";
import { type RangeOptions, type Reader, withinCreateBounds, withinModBounds } from "../mvcc/index.js";
import {
  type Encoded,
  KeyValue,
  type RangeRequest,
  RangeResponse,
  ResponseHeader,
  SortOrder,
  SortTarget,
} from "../wire/index.js";

/**
 * Answers a Range request from one state, at once. The header of the answer holds only the revision.
 *
 * @throws EtcdError `futureRevision` or `compacted`
 */
export function applyRange(reader: Reader, request: RangeRequest): RangeResponse {
  const { key, rangeEnd, revision, countOnly } = request;
  // Without spreads, since every read of a key comes this way.
  const { keysOnly, bounds } = whatIsRead(request);
  const found = reader.range(key, rangeEnd, { revision, countOnly, limit: fetchLimit(request), keysOnly, bounds });
  const order = orderOf(request);
  const picked =
    order === undefined
      ? found.kvs
      : pick(found.kvs)
          .sort(order)
          .map(({ stored }) => stored);
  const kvs: Encoded<KeyValue>[] = [];
  for (const stored of picked) {
    const answer = answerOf(request, stored);
    if (answer !== undefined) kvs.push(answer);
  }
  const { limit } = request;
  const more = limit > 0 && kvs.length > limit;
  const answered = more ? kvs.slice(0, limit) : kvs;
  return rangeResponse({ kvs: answered, more, count: found.count, revision: found.revision });
}

/** The number of pairs, in key order, that must be read for the answer; 0 means all. */
export function fetchLimit(request: RangeRequest): number {
  if (request.limit <= 0 || request.sortOrder !== SortOrder.NONE || isFiltered(request)) return 0;
  // One more than asked for, as in etcd: a sort by something other than the key includes that pair before the cut.
  return Math.min(request.limit + 1, Number.MAX_SAFE_INTEGER);
}

/** Whether the pairs are read without their values: no part of the answer, nor its order, depends on these. */
export function readsKeysOnly({ keysOnly, sortTarget }: RangeRequest): boolean {
  return keysOnly && sortTarget !== SortTarget.VALUE;
}

/** The store need not read values, or pairs outside of the bounds, when the answer does not depend on them. */
export function whatIsRead(request: RangeRequest): Required<Pick<RangeOptions, "keysOnly" | "bounds">> {
  return { keysOnly: readsKeysOnly(request), bounds: isFiltered(request) ? request : undefined };
}

/** The parts of an answer. */
export interface RangeParts {
  readonly kvs: readonly Encoded<KeyValue>[];
  readonly more: boolean;
  /** Number of keys in the range, including those that the limit and the revision bounds leave out. */
  readonly count: number;
  /** The store's revision. */
  readonly revision: number;
}

export function rangeResponse({ revision, ...fields }: RangeParts): RangeResponse {
  return RangeResponse.create({ header: ResponseHeader.create({ revision }), ...fields });
}

/** A pair that was read, as it is answered; undefined when the revision bounds leave it out. */
export function answerOf(request: RangeRequest, read: Encoded<KeyValue>): Encoded<KeyValue> | undefined {
  const filtered = isFiltered(request);
  const dropsValue = request.keysOnly && !readsKeysOnly(request);
  if (!filtered && !dropsValue) return read;
  const kv = KeyValue.decode(read);
  if (filtered && !passes(request, kv)) return undefined;
  return dropsValue ? KeyValue.encode({ ...kv, value: emptyBytes }) : read;
}

/** A stored pair and its decoded form, by which it is sorted. */
export interface Picked {
  readonly kv: KeyValue;
  readonly stored: Encoded<KeyValue>;
}

function pick(stored: readonly Encoded<KeyValue>[]): Picked[] {
  return stored.map((bytes) => ({ kv: KeyValue.decode(bytes), stored: bytes }));
}

export function isFiltered(request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  return minModRevision !== 0 || maxModRevision !== 0 || minCreateRevision !== 0 || maxCreateRevision !== 0;
}

function passes(request: RangeRequest, { modRevision, createRevision }: KeyValue): boolean {
  return withinModBounds(request, modRevision) && withinCreateBounds(request, createRevision);
}

export type Order = (one: Pick<Picked, "kv">, other: Pick<Picked, "kv">) => number;

/**
 * The order in which the pairs of an answer are sorted; undefined when they stay in the store's order, which is that of
 * their keys. When they are sorted by anything other than the key, order NONE means ascending. Equal pairs stay in key
 * order.
 */
export function orderOf({ sortOrder, sortTarget }: RangeRequest): Order | undefined {
  const order = orderBy(sortTarget);
  if (order === undefined) return undefined;
  if (sortOrder === SortOrder.DESCEND) return (one, other) => order(other, one);
  return sortTarget === SortTarget.KEY ? undefined : order;
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
