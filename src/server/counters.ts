import { BackendCounters } from "../backend/index.js";
import { exponentialBounds, Histogram } from "../base/index.js";
import { LeaseCounters } from "../lease/index.js";
import { type ChangeList, StoreCounters } from "../mvcc/index.js";
import { LogCounters } from "./consensus/log-counters.js";

const applyBounds = exponentialBounds(0.0001, 2, 20);
const requestBounds = exponentialBounds(0.001, 2, 14);

/** The durations of applies by operation, for requests of etcd's v2 and v3 formats. */
export interface Applies {
  readonly v2: Map<string, OperationSeconds>;
  readonly v3: Map<string, OperationSeconds>;
}

export interface OperationSeconds {
  readonly success: Histogram;
  readonly failure: Histogram;
}

/** The counters of a member since the start of the process. Each part updates its own. */
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
  readonly log = new LogCounters();
  readonly backend = new BackendCounters();
  readonly store = new StoreCounters();
  readonly leases = new LeaseCounters();
  readonly applies: Applies = { v2: new Map(), v3: new Map() };
  promotions = 0;
  /** The number of refused promotions by reason. */
  readonly refusedPromotions = new Map<string, number>();
  /** The number of received snapshots that are being installed. */
  snapshotsInstalling = 0;
  /** The duration of requests by type, from their arrival at the server until their answer is known. */
  readonly requestSeconds = new Map<string, OperationSeconds>();
  /** The duration of range reads; each chunk of a stream counts as one. */
  readonly rangeSeconds: OperationSeconds = {
    success: new Histogram(applyBounds),
    failure: new Histogram(applyBounds),
  };
  /** The duration of sending databases to clients and to peers. */
  readonly databaseSentSeconds = new Histogram(exponentialBounds(0.01, 2, 17));

  /** Counts an apply. @param operation etcd's name for it */
  countApply(version: keyof Applies, operation: string, success: boolean, seconds: number): void {
    const byOperation = this.applies[version];
    let counted = byOperation.get(operation);
    if (counted === undefined) {
      counted = { success: new Histogram(applyBounds), failure: new Histogram(applyBounds) };
      byOperation.set(operation, counted);
    }
    (success ? counted.success : counted.failure).observe(seconds);
  }

  /** Counts a request of a client, or of this member itself. @param type etcd's name for it */
  countRequest(type: string, success: boolean, seconds: number): void {
    let counted = this.requestSeconds.get(type);
    if (counted === undefined) {
      counted = { success: new Histogram(requestBounds), failure: new Histogram(requestBounds) };
      this.requestSeconds.set(type, counted);
    }
    (success ? counted.success : counted.failure).observe(seconds);
  }

  countRange(success: boolean, seconds: number): void {
    (success ? this.rangeSeconds.success : this.rangeSeconds.failure).observe(seconds);
  }

  countChanges({ length, deletes }: ChangeList): void {
    this.puts += length - deletes;
    this.deletes += deletes;
  }
}
