import type { Change } from "../mvcc/index.js";
import type { CountersByPeer } from "../transport/index.js";

/** Counts of observations by size, as Prometheus histograms keep them. */
export class Histogram {
  /** Upper bounds of the buckets, ascending; what is larger counts only toward `count`. */
  readonly bounds: readonly number[];
  /** Observations in each bucket alone, not summed up. */
  readonly counts: number[];
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = bounds.map(() => 0);
  }

  get sum(): number {
    return this.#sum;
  }

  get count(): number {
    return this.#count;
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count++;
    const bucket = this.bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
  }
}

/** `count` bounds, each `factor` times the one before. */
export function exponentialBounds(start: number, factor: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => start * factor ** at);
}

/** What is counted where it happens, from the start of the process. */
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

  countChanges(changes: readonly Change[]): void {
    for (const { type } of changes) {
      if (type === "put") this.puts++;
      else this.deletes++;
    }
  }
}

/** The state of one member in numbers, for whoever renders `/metrics`. Counts are from the start of the process. */
export interface ServerMetrics {
  readonly hasLeader: boolean;
  readonly isLeader: boolean;
  readonly isLearner: boolean;
  readonly leaderChanges: number;
  /** Indexes of the log, not counts. */
  readonly proposalsCommitted: number;
  readonly proposalsApplied: number;
  readonly proposalsPending: number;
  readonly proposalsFailed: number;
  readonly slowApplies: number;
  readonly slowReadIndexes: number;
  readonly readIndexFailures: number;
  readonly leasesExpired: number;
  readonly walSyncSeconds: Histogram;
  readonly dbBytes: number;
  readonly dbBytesInUse: number;
  /** Infinity when there is no quota. */
  readonly quotaBytes: number;
  readonly keys: number;
  readonly revision: number;
  /** -1 while nothing was ever compacted. */
  readonly compactRevision: number;
  readonly ranges: number;
  readonly txns: number;
  /** Keys put and deleted, in whatever request. */
  readonly puts: number;
  readonly deletes: number;
  readonly watchers: number;
  readonly slowWatchers: number;
  readonly watchStreams: number;
  readonly peers: CountersByPeer;
}
