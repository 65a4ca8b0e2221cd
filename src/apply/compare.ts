import { compareBytes, emptyBytes, isOneKey, type Steps, type WorkBudget } from "../base/index.js";
import type { KeyHead, SteppedReader } from "../mvcc/index.js";
import { type Compare, CompareResult, CompareTarget, KeyValue } from "../wire/index.js";

/** Stands for a key that does not exist: comparisons see zeros. */
const absent: KeyHead = { createRevision: 0, modRevision: 0, version: 0 };

/** Whether the index alone can decide the comparison, at once: then `holdsForHead` does. */
export function isOfOneHead({ rangeEnd, target }: Compare): boolean {
  return isOneKey(rangeEnd) && isOfHead(target);
}

function isOfHead(target: CompareTarget): boolean {
  return target !== CompareTarget.VALUE && target !== CompareTarget.LEASE;
}

/** Whether a comparison of one key holds that the index alone can decide. */
export function holdsForHead(reader: SteppedReader, compare: Compare): boolean {
  return accepts(compare, orderOfHead(compare, reader.head(compare.key) ?? absent));
}

/** Whether the comparison holds for every key of its range; a range without keys is compared as one absent key. */
export function* holds(reader: SteppedReader, compare: Compare, budget: WorkBudget): Steps<boolean> {
  const { key, rangeEnd, target } = compare;
  let found = false;
  let held = true;
  const judge = (order: number): boolean => {
    found = true;
    held = accepts(compare, order);
    return held;
  };
  if (isOfHead(target)) {
    yield* reader.headsInSteps(key, rangeEnd, budget, (head) => judge(orderOfHead(compare, head)));
  } else {
    yield* reader.pairsInSteps(key, rangeEnd, budget, (kv) => judge(orderOf(compare, KeyValue.decode(kv))));
  }
  if (found) return held;
  // An absent key has no value, so no comparison of values holds, not even NOT_EQUAL.
  if (target === CompareTarget.VALUE) return false;
  return accepts(compare, isOfHead(target) ? orderOfHead(compare, absent) : orderOfLease(compare, 0n));
}

/**
 * The order of the target and the operand: negative when the target is smaller, 0 when they are equal, else positive.
 * An absent operand is 0 or empty.
 */
function orderOf(compare: Compare, kv: KeyValue): number {
  switch (compare.target) {
    case CompareTarget.VALUE:
      return compareBytes(kv.value, compare.targetUnion?.case === "value" ? compare.targetUnion.value : emptyBytes);
    case CompareTarget.LEASE:
      return orderOfLease(compare, kv.lease);
    default:
      return orderOfHead(compare, kv);
  }
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
