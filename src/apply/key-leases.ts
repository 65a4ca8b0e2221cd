import type { LeaseId, Steps, WorkBudget } from "../base/index.js";
import type { Lessor } from "../lease/index.js";
import type { Change } from "../mvcc/index.js";

/** Updates the leases after a write: a put moves its key to the new lease, or to none; a delete detaches it. */
export function* moveKeys(lessor: Lessor, changes: Iterable<Change>, budget: WorkBudget): Steps<void> {
  for (const change of changes) {
    moveKey(lessor, change);
    if (budget.over(0)) yield;
  }
}

export function moveKey(lessor: Lessor, { type, key, leaseId }: Change): void {
  // A put that keeps the lease of its key may name a lease without a record, left by a damaged or foreign backup.
  // Such a key belongs to no lease, as after a restart. etcd panics there.
  const attached = type === "put" && leaseId !== 0n && lessor.attach(leaseId as LeaseId, key);
  if (!attached) lessor.detach(key);
}
