import type { LeaseId, Steps, WorkBudget } from "../base/index.js";
import type { Lessor } from "../lease/index.js";
import type { Change } from "../mvcc/index.js";

/** Lets the leases follow what one write did to their keys: a put moves a key to its new lease, or to none. */
export function* moveKeys(lessor: Lessor, changes: readonly Change[], budget: WorkBudget): Steps<void> {
  for (const { type, key, leaseId } of changes) {
    // A put that keeps the lease of its key may keep one that has no record, as a damaged or foreign backup leaves it:
    // such a key belongs to no lease, as it does after a restart. etcd stops there.
    const attached = type === "put" && leaseId !== 0n && lessor.attach(leaseId as LeaseId, key);
    if (!attached) lessor.detach(key);
    if (budget.over(0)) yield;
  }
}
