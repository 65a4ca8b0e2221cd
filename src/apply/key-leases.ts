import { assert, type LeaseId } from "../base/index.js";
import type { Lessor } from "../lease/index.js";
import type { Change } from "../mvcc/index.js";

/** Lets the leases follow what one write did to their keys: a put moves a key to its new lease, or to none. */
export function moveKeys(lessor: Lessor, changes: readonly Change[]): void {
  for (const { type, key, leaseId } of changes) {
    if (type === "delete" || leaseId === 0n) lessor.detach(key);
    else assert(lessor.attach(leaseId as LeaseId, key), "a key is put with a lease that exists");
  }
}
