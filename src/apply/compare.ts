import { compareBytes, emptyBytes, isOneKey, type Key, type Steps, type WorkBudget } from "../base/index.js";
import type { KeyHead, SteppedReader } from "../mvcc/index.js";
import { type Compare, CompareResult, CompareTarget, KeyValue } from "../wire/index.js";

/** Stands for a key that does not exist: comparisons see zeros. */
const absent: KeyHead = { createRevision: 0, modRevision: 0, version: 0 };

/** Whether the index alone can decide the comparison at once, by `holdsForHead`. */
export function isOfOneHead({ rangeEnd, target }: Compare): boolean {
  return isOneKey(rangeEnd) && isOfHead(target);
}

function isOfHead(target: CompareTarget): boolean {
  return target !== CompareTarget.VALUE && target !== CompareTarget.LEASE;
}

/** Decides a comparison of one key for which `isOfOneHead` is true. */
export function holdsForHead(reader: SteppedReader, compare: Compare): boolean {
  return accepts(compare, orderOfHead(compare, reader.head(compare.key) ?? absent));
}

/** Comparisons of one range that the index alone decides for each key. */
interface RangeCompares {
  readonly key: Key;
  readonly rangeEnd: Key;
  readonly compares: Compare[];
}

/**
 * Whether all comparisons hold; stops at the first that does not. Comparisons with the same range share one walk of the
 * index, since `reader` stays in one state. None of them may be one that `isOfOneHead` accepts.
 */
export function* allHold(reader: SteppedReader, compares: readonly Compare[], budget: WorkBudget): Steps<boolean> {
  const ranges: RangeCompares[] = [];
  for (const compare of compares) {
    if (isOfHead(compare.target)) addCompare(ranges, compare);
    else if (!(yield* holds(reader, compare, budget))) return false;
  }
  for (const range of ranges) if (!(yield* holdForHeads(reader, range, budget))) return false;
  return true;
}

function addCompare(ranges: RangeCompares[], compare: Compare): void {
  const { key, rangeEnd } = compare;
  const known = ranges.find((range) => range.key === key && range.rangeEnd === rangeEnd);
  if (known === undefined) ranges.push({ key, rangeEnd, compares: [compare] });
  else known.compares.push(compare);
}

/** Whether all comparisons of a range hold for each of its keys; a range without keys is compared as one absent key. */
function* holdForHeads(
  reader: SteppedReader,
  { key, rangeEnd, compares }: RangeCompares,
  budget: WorkBudget,
): Steps<boolean> {
  let found = false;
  let held = true;
  const judge = (head: KeyHead): boolean => {
    found = true;
    for (const compare of compares) {
      held = accepts(compare, orderOfHead(compare, head));
      if (!held) return false;
    }
    return true;
  };
  yield* reader.headsInSteps(key, rangeEnd, budget, judge);
  return found ? held : judge(absent);
}

/**
 * Whether the comparison of values or leases holds for every key of its range; a range without keys is compared as one
 * absent key.
 */
function* holds(reader: SteppedReader, compare: Compare, budget: WorkBudget): Steps<boolean> {
  const { key, rangeEnd, target } = compare;
  let found = false;
  let held = true;
  const judge = (order: number): boolean => {
    found = true;
    held = accepts(compare, order);
    return held;
  };
  yield* reader.pairsInSteps(key, rangeEnd, budget, (kv) => judge(orderOf(compare, KeyValue.decode(kv))));
  if (found) return held;
  // An absent key has no value, so no comparison of values holds, not even NOT_EQUAL.
  if (target === CompareTarget.VALUE) return false;
  return accepts(compare, orderOfLease(compare, 0n));
}

/**
 * The order of the pair's value or lease and the operand: negative when the pair's is smaller, 0 when they are equal,
 * else positive. An absent operand is 0 or empty.
 */
function orderOf(compare: Compare, { value, lease }: KeyValue): number {
  if (compare.target === CompareTarget.LEASE) return orderOfLease(compare, lease);
  return compareBytes(value, compare.targetUnion?.case === "value" ? compare.targetUnion.value : emptyBytes);
}

function orderOfHead({ target, targetUnion }: Compare, { createRevision, modRevision, version }: KeyHead): number {
  switch (target) {
    case CompareTarget.VERSION:
      return version - (targetUnion?.case === "version" ? targetUnion.value : 0);
    case CompareTarget.CREATE:
      return createRevision - (targetUnion?.case === "createRevision" ? targetUnion.value : 0);
    case CompareTarget.MOD:
      return modRevision - (targetUnion?.case === "modRevision" ? targetUnion.value : 0);
    default:
      return 0; // an unknown target compares as equal, as in etcd
  }
}

function orderOfLease({ targetUnion }: Compare, lease: bigint): number {
  const operand = targetUnion?.case === "lease" ? targetUnion.value : 0n;
  return lease < operand ? -1 : lease > operand ? 1 : 0;
}

function accepts({ result }: Compare, order: number): boolean {
  switch (result) {
    case CompareResult.EQUAL:
      return order === 0;
    case CompareResult.NOT_EQUAL:
      return order !== 0;
    case CompareResult.GREATER:
      return order > 0;
    case CompareResult.LESS:
      return order < 0;
    default:
      return true; // an unknown relation always holds, as in etcd
  }
}
