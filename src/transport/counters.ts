import type { MemberId } from "../base/index.js";

/** How long things took, counted by bucket as Prometheus's histograms are. */
export class Durations {
  /** Upper bounds of the buckets in seconds, ascending. */
  readonly bounds: readonly number[];
  /** Observations in each bucket alone; those above all bounds count only toward `count`. */
  readonly counts: number[];
  sum = 0;
  count = 0;

  /** `buckets` of them, the first up to `first` seconds, each up to twice the one before. */
  constructor(first: number, buckets: number) {
    this.bounds = Array.from({ length: buckets }, (_, at) => first * 2 ** at);
    this.counts = this.bounds.map(() => 0);
  }

  observe(seconds: number): void {
    this.sum += seconds;
    this.count++;
    const bucket = this.bounds.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
  }
}

export class SnapshotCounters {
  succeeded = 0;
  failed = 0;
  underWay = 0;
  readonly seconds = new Durations(0.1, 10);
}

/** What was counted of one peer since this member started. */
export class PeerCounters {
  active = false;
  disconnects = 0;
  sentBytes = 0;
  receivedBytes = 0;
  sentFailures = 0;
  receivedFailures = 0;
  readonly roundTrips = new Durations(0.0001, 16);
  readonly snapshotsSent = new SnapshotCounters();
  readonly snapshotsReceived = new SnapshotCounters();
}

/** By peer; they outlive a peer that is removed, as counters must not go back. */
export type CountersByPeer = ReadonlyMap<MemberId, PeerCounters>;
