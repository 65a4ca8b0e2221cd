import { exponentialBounds, Histogram } from "../base/index.js";

/** What was counted of a member's leases since it started. */
export class LeaseCounters {
  granted = 0;
  revoked = 0;
  /** By the primary only. */
  renewed = 0;
  /** What was granted. */
  readonly ttlSeconds = new Histogram(exponentialBounds(1, 2, 24));
}
