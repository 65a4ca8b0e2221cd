import type { Series, Statistics } from "../../api/console.js";

/** How the values of a chart are written. */
export type ChartUnit = "rate" | "millis" | "share" | "bytes" | "count";

export interface ChartPlan {
  readonly title: string;
  readonly unit: ChartUnit;
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
}

/** The charts in their order. Series of one chart have the same unit and about the same size. */
const plans: readonly {
  readonly title: string;
  readonly unit: ChartUnit;
  readonly names: Readonly<Record<string, string>>;
}[] = [
  { title: "Puts per second", unit: "rate", names: { puts: "puts" } },
  { title: "Reads and transactions per second", unit: "rate", names: { ranges: "ranges", txns: "transactions" } },
  { title: "Watch events per second", unit: "rate", names: { watchEvents: "events" } },
  { title: "Latency, 99th percentile", unit: "millis", names: { putP99: "put", fsyncP99: "disk sync" } },
  { title: "Load of the busiest thread", unit: "share", names: { loopLoad: "load" } },
  { title: "Proposals pending", unit: "count", names: { proposalsPending: "pending" } },
  { title: "Database", unit: "bytes", names: { dbSize: "size" } },
  { title: "Keys", unit: "count", names: { keys: "keys" } },
];

const units: Readonly<Record<string, ChartUnit>> = { ms: "millis", share: "share", bytes: "bytes", "1/s": "rate" };

/** Series that only ever grow say nothing as a line. */
const notDrawn = ["revision"];

/** The charts for the series that a member keeps. A series that the page does not know gets a chart of its own. */
export function chartsOf(series: readonly Series[]): readonly ChartPlan[] {
  const known = plans.flatMap(({ title, unit, names }) => {
    const found = series.filter(({ name }) => names[name] !== undefined);
    if (found.length === 0) return [];
    return [{ title, unit, series: found.map(({ name, values }) => ({ name: names[name] ?? name, values })) }];
  });
  const names = new Set([...notDrawn, ...plans.flatMap((plan) => Object.keys(plan.names))]);
  const others = series
    .filter(({ name }) => !names.has(name))
    .map(({ name, unit, values }) => ({ title: name, unit: units[unit] ?? "count", series: [{ name, values }] }));
  return [...known, ...others];
}

/** The statistics as if they went back `seconds`, so that charts of a young member are not stretched. */
export function stretched(statistics: Statistics, seconds: number): Statistics {
  const { stepSeconds, series } = statistics;
  const steps = Math.max(0, ...series.map(({ values }) => values.length));
  const missing = Math.max(0, Math.floor(seconds / stepSeconds) - steps);
  return {
    ...statistics,
    start: statistics.start - missing * stepSeconds,
    series: series.map(({ values, ...rest }) => ({ ...rest, values: [...Array<number>(missing).fill(-1), ...values] })),
  };
}
