import { EtcdError, isInRange, type Key, type Steps, type WorkBudget } from "../base/index.js";
import type { Lessor } from "../lease/index.js";
import type { Store } from "../mvcc/index.js";
import type { DeleteRangeRequest } from "../wire/index.js";
import { checkLease, checkPrevious } from "./put.js";
import { type Leaf, type Plan, stepsInOrder } from "./txn-plan.js";

/** Cost of comparing a key with one delete, in the unit of `WorkBudget`: bytes that could be read in the same time. */
const bytesOfCover = 32;

/**
 * Refuses a plan that cannot be carried out completely; a plan that passes cannot fail any more. The checks run in
 * etcd's order (puts, then ranges), which decides the error that a client gets.
 *
 * @throws EtcdError `keyNotFound`, `leaseNotFound`, `futureRevision` or `compacted`
 */
export function* checkPlan(store: Store, lessor: Lessor, plan: Plan, budget: WorkBudget): Steps<void> {
  const steps = stepsInOrder(plan);
  let deletes = false;
  for (const step of steps) {
    if (budget.over(0)) yield;
    if (step?.case === "requestDeleteRange") deletes = true;
    if (step?.case !== "requestPut") continue;
    checkPrevious(store, step.value);
    checkLease(lessor, step.value);
  }
  checkRanges(store, plan);
  if (deletes) yield* checkKept(steps, new Gone(), budget);
}

/** @throws EtcdError `futureRevision` or `compacted` */
export function checkRanges(store: Store, plan: Plan): void {
  for (const step of stepsInOrder(plan)) {
    if (step?.case !== "requestRange") continue;
    const { revision } = step.value;
    if (revision === 0) continue;
    if (revision > store.revision) throw new EtcdError("futureRevision");
    // A negative revision in a txn does not mean the current one, unlike in a plain Range.
    if (revision < store.compactedRevision) throw new EtcdError("compacted");
  }
}

/** Checks that the value or lease that a put keeps will still exist when the put is carried out. */
function* checkKept(steps: readonly Leaf[], gone: Gone, budget: WorkBudget): Steps<void> {
  for (const step of steps) {
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
 * The keys that a txn has deleted so far. Most requests that put and delete the same key are refused before they reach
 * the log, but not all: not when the delete has no upper bound, nor when put and delete lie in two sibling txns. A put
 * that keeps its value or lease makes etcd 3.5 panic in such a case, in the middle of its writes.
 */
class Gone {
  readonly #deletes: DeleteRangeRequest[] = [];
  /** For each key, the number of deletes before its last put. */
  readonly #puts = new Map<Key, number>();

  /** Number of deletes so far. */
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
    return this.#deletes.slice(this.#puts.get(key) ?? 0).some((each) => isInRange(key, each.key, each.rangeEnd));
  }
}
