/**
 * Leases: the keys of each lease, and when leases run out. The log drives this room (grant, revoke, attach, detach,
 * checkpoint) and, on the primary, keepalives and the clock do as well. It never deletes a key and never proposes a
 * revocation: it reports expired leases, and is told when the log has revoked them. It must be restored before the
 * store, which attaches its keys while it is read.
 */
export type { Checkpoint } from "./checkpoints.js";
export { LeaseCounters } from "./counters.js";
export type { Lease } from "./lease.js";
export {
  type CheckpointOptions,
  Lessor,
  type LessorOptions,
  leaseRevokesPerSecond,
} from "./lessor.js";
