import { exponentialBounds, Histogram } from "../base/index.js";

/** Counters of a member's leases since it started. */
export class LeaseCounters {
  granted = 0;
  revoked = 0;
  /** Renewals; only the primary counts them. */
  renewed = 0;
  /** Time to live of granted leases. */
  readonly ttlSeconds = new Histogram(exponentialBounds(1, 2, 24));
}
