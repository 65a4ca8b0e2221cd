import type { Histogram } from "../../base/index.js";

/** The observations of a histogram at one moment. */
export interface HistogramState {
  readonly counts: readonly number[];
  readonly count: number;
}

export function stateOf({ counts, count }: Histogram): HistogramState {
  return { counts: [...counts], count };
}

/**
 * A percentile of what was observed since `before`, interpolated within its bucket; undefined when there was nothing.
 *
 * @param share 0.99 for the 99th percentile
 */
export function percentileSince(
  { bounds, counts, count }: Histogram,
  before: HistogramState | undefined,
  share: number,
): number | undefined {
  const total = count - (before?.count ?? 0);
  if (total <= 0) return undefined;
  const rank = total * share;
  let below = 0;
  for (const [bucket, bound] of bounds.entries()) {
    const inside = (counts[bucket] ?? 0) - (before?.counts[bucket] ?? 0);
    if (below + inside >= rank && inside > 0) {
      const low = bounds[bucket - 1] ?? 0;
      return low + ((rank - below) / inside) * (bound - low);
    }
    below += inside;
  }
  // Observations above all bounds are counted, but their size is not known.
  return bounds.at(-1);
}
