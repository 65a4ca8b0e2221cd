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

/** What the loops count, and how long the disk took in seconds. */
export class ServerCounters {
  proposalsFailed = 0;
  slowApplies = 0;
  slowReadIndexes = 0;
  readIndexFailures = 0;
  leasesExpired = 0;
  readonly walSyncSeconds = new Histogram(exponentialBounds(0.001, 2, 14));
}
