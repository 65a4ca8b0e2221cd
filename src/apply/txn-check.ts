import { EtcdError, type Key, type Steps, type WorkBudget } from "../base/index.js";
import type { Lessor } from "../lease/index.js";
import type { Store } from "../mvcc/index.js";
import type { DeleteRangeRequest } from "../wire/index.js";
import { checkLease, checkPrevious } from "./put.js";
import { type Plan, stepsInOrder } from "./txn-plan.js";

/** Comparing a key with one delete costs as much as going through so many bytes. */
const bytesOfCover = 32;

/**
 * Refuses a plan that cannot be carried out to its end; what it passes cannot fail any more. In etcd's order, which
 * decides what a client hears: puts, then ranges.
 *
 * @throws EtcdError `keyNotFound`, `leaseNotFound`, `futureRevision` or `compacted`
 */
export function* checkPlan(store: Store, lessor: Lessor, plan: Plan, budget: WorkBudget): Steps<void> {
  yield* checkPuts(store, lessor, plan, budget);
  checkRanges(store, plan);
  yield* checkKept(plan, new Gone(), budget);
}

function* checkPuts(store: Store, lessor: Lessor, plan: Plan, budget: WorkBudget): Steps<void> {
  for (const step of stepsInOrder(plan)) {
    if (budget.over(0)) yield;
    if (step?.case !== "requestPut") continue;
    checkPrevious(store, step.value);
    checkLease(lessor, step.value);
  }
}

/** @throws EtcdError `futureRevision` or `compacted` */
export function checkRanges(store: Store, plan: Plan): void {
  for (const step of stepsInOrder(plan)) {
    if (step?.case !== "requestRange") continue;
    const { revision } = step.value;
    if (revision === 0) continue;
    if (revision > store.revision) throw new EtcdError("futureRevision");
    // Unlike outside of a txn, a negative revision is not the current one.
    if (revision < store.compactedRevision) throw new EtcdError("compacted");
  }
}

/** Whether what a put wants to keep will still be there when its turn comes. */
function* checkKept(plan: Plan, gone: Gone, budget: WorkBudget): Steps<void> {
  for (const step of stepsInOrder(plan)) {
    if (budget.over(gone.size * bytesOfCover)) yield;
    if (step?.case === "requestDeleteRange") gone.delete(step.value);
    else if (step?.case === "requestPut") {
      const { key, ignoreValue, ignoreLease } = step.value;
      if ((ignoreValue || ignoreLease) && gone.has(key)) throw new EtcdError("keyNotFound");
      gone.put(key);
    }
  }
}

/**
 * Which keys a txn has deleted by then. A put and a delete of one key are refused before they reach the log, but not
 * always: not when the delete has no upper bound, nor when they lie in two txns beside each other. A put that keeps
 * something makes etcd 3.5 panic there, in the middle of its writes.
 */
class Gone {
  readonly #deletes: DeleteRangeRequest[] = [];
  /** How many deletes came before the last put of a key. */
  readonly #puts = new Map<Key, number>();

  /** How many deletes there were. */
  get size(): number {
    return this.#deletes.length;
  }

  delete(request: DeleteRangeRequest): void {
    this.#deletes.push(request);
  }

  put(key: Key): void {
    if (this.#deletes.length > 0) this.#puts.set(key, this.#deletes.length);
  }

  has(key: Key): boolean {
    return this.#deletes.slice(this.#puts.get(key) ?? 0).some((each) => covers(each, key));
  }
}

function covers({ key: low, rangeEnd }: DeleteRangeRequest, key: Key): boolean {
  if (rangeEnd === "") return key === low;
  return key >= low && (rangeEnd === "\0" || key < rangeEnd);
}
