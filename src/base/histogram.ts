/** Counts of observations by size, as in Prometheus's histograms. */
export class Histogram {
  /** Upper bounds of the buckets, ascending; larger observations only count in `count`. */
  readonly bounds: readonly number[];
  /** Observations in each single bucket, not cumulative. */
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

  /** Takes over the observations of a histogram with the same bounds. */
  become(counts: readonly number[], sum: number, count: number): void {
    for (const [bucket, own] of counts.entries()) this.counts[bucket] = own;
    this.#sum = sum;
    this.#count = count;
  }

  /** @param times how often the value was observed */
  observe(value: number, times = 1): void {
    this.#sum += value * times;
    this.#count += times;
    const { bounds, counts } = this;
    for (let bucket = 0; bucket < bounds.length; bucket++) {
      if (value > (bounds[bucket] ?? 0)) continue;
      counts[bucket] = (counts[bucket] ?? 0) + times;
      return;
    }
  }
}

/** `count` bounds, each `factor` times the one before. */
export function exponentialBounds(start: number, factor: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => start * factor ** at);
}
