import { compareBytes, emptyBytes, type Steps, type WorkBudget } from "../base/index.js";
import type { KeyHead, SteppedReader } from "../mvcc/index.js";
import { type Compare, CompareResult, CompareTarget, KeyValue } from "../wire/index.js";

/** A key that does not exist, as comparisons see it. */
const absent: KeyHead = { createRevision: 0, modRevision: 0, version: 0 };

/** Whether all comparisons hold; the first that does not ends the search. In steps where they are of ranges. */
export function* allHold(reader: SteppedReader, compares: readonly Compare[], budget: WorkBudget): Steps<boolean> {
  for (const compare of compares) {
    const held = isOfOneHead(compare) ? holdsForHead(reader, compare) : yield* holds(reader, compare, budget);
    if (!held) return false;
    if (budget.over(0)) yield;
  }
  return true;
}

/** Whether the index alone can decide it, at once. */
function isOfOneHead({ rangeEnd, target }: Compare): boolean {
  return rangeEnd === "" && isOfHead(target);
}

function isOfHead(target: CompareTarget): boolean {
  return target !== CompareTarget.VALUE && target !== CompareTarget.LEASE;
}

function holdsForHead(reader: SteppedReader, compare: Compare): boolean {
  return accepts(compare, orderOfHead(compare, reader.head(compare.key) ?? absent));
}

/** Whether the comparison holds for every key of its range; where there is none, for an absent one. */
function* holds(reader: SteppedReader, compare: Compare, budget: WorkBudget): Steps<boolean> {
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
  // Nothing can be told of the value of a key that is not there: it is not even unequal.
  if (target === CompareTarget.VALUE) return false;
  return accepts(compare, isOfHead(target) ? orderOfHead(compare, absent) : orderOfLease(compare, 0n));
}

/** How the target stands to the operand: below (negative), equal (0) or above. An absent operand is 0 or empty. */
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
      return 0; // a target that nobody knows equals everything
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
      return true; // a relation that nobody knows always holds
  }
}
