import { BackendCounters } from "../backend/index.js";
import { exponentialBounds, Histogram } from "../base/index.js";
import { LeaseCounters } from "../lease/index.js";
import { type Change, StoreCounters } from "../mvcc/index.js";

const applyBounds = exponentialBounds(0.0001, 2, 20);

/** How long entries took to apply, by what they ask for: in the words of etcd's first store, or in today's. */
export interface Applies {
  readonly v2: Map<string, OperationSeconds>;
  readonly v3: Map<string, OperationSeconds>;
}

export interface OperationSeconds {
  readonly success: Histogram;
  readonly failure: Histogram;
}

/** Counts that the parts of a member keep where the counted thing happens, from the start of the process. */
export class ServerCounters {
  proposalsFailed = 0;
  slowApplies = 0;
  slowReadIndexes = 0;
  readIndexFailures = 0;
  leasesExpired = 0;
  ranges = 0;
  txns = 0;
  puts = 0;
  deletes = 0;
  /** How long writes of the raft log took, with their sync. */
  readonly walSyncSeconds = new Histogram(exponentialBounds(0.001, 2, 14));
  readonly backend = new BackendCounters();
  readonly store = new StoreCounters();
  readonly leases = new LeaseCounters();
  readonly applies: Applies = { v2: new Map(), v3: new Map() };
  /** Ticks of a leader that came so late that its heartbeats did. */
  lateHeartbeats = 0;
  promotions = 0;
  /** Refused promotions by reason. */
  readonly refusedPromotions = new Map<string, number>();
  /** Received snapshots that are being put in place. */
  snapshotsInstalling = 0;
  /** How long the records of snapshots took to store, with their sync. */
  readonly snapshotRecordSeconds = new Histogram(exponentialBounds(0.001, 2, 14));
  /** How long received databases took to store, and their syncs of that. */
  readonly receivedSeconds = new Histogram(exponentialBounds(0.1, 2, 10));
  readonly receivedSyncSeconds = new Histogram(exponentialBounds(0.001, 2, 14));
  /** How long databases took to send, to clients and to peers. */
  readonly databaseSentSeconds = new Histogram(exponentialBounds(0.01, 2, 17));

  /** @param operation as etcd calls it */
  countApply(version: keyof Applies, operation: string, success: boolean, seconds: number): void {
    const byOperation = this.applies[version];
    let counted = byOperation.get(operation);
    if (counted === undefined) {
      counted = { success: new Histogram(applyBounds), failure: new Histogram(applyBounds) };
      byOperation.set(operation, counted);
    }
    (success ? counted.success : counted.failure).observe(seconds);
  }

  countChanges(changes: readonly Change[]): void {
    for (const { type } of changes) {
      if (type === "put") this.puts++;
      else this.deletes++;
    }
  }
}
