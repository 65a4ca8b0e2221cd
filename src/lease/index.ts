/**
 * Leases: who holds which keys, and when they run out. Driven by the log (grant, revoke, attach, detach, checkpoint)
 * and, on the primary, by keepalives and the clock. It never deletes a key and never proposes a revocation: it says
 * which leases have expired, and hears of it when the log has revoked them. Restore it before the store, whose keys
 * are attached while they are read back.
 */
export type { Checkpoint } from "./checkpoints.js";
export { LeaseCounters } from "./counters.js";
export type { Lease } from "./lease.js";
export {
  type CheckpointOptions,
  Lessor,
  type LessorOptions,
  leaseRevokesPerSecond,
  leaseTtlMaxSeconds,
} from "./lessor.js";
