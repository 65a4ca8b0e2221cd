import type { Clock, Timer } from "../../base/index.js";
import { consolepb } from "../../wire/index.js";
import type { Asked } from "../consensus/contract.js";
import type { ServerMetrics } from "../metrics.js";
import { type HistogramState, percentileSince, stateOf } from "./percentile.js";
import { StatisticsRing } from "./statistics-ring.js";

export interface StatisticsConfig {
  readonly clock: Clock;
  readonly metrics: () => ServerMetrics;
  /** Brings the numbers of consensus in `metrics` up to date. */
  readonly countNow: () => Asked<void>;
  /** The share of time in which the busiest event loop of the process has worked since the last call. */
  readonly loopLoad: (() => number) | undefined;
}

const stepSeconds = 5;
/** A quarter of an hour. */
const stepsKept = 180;
const secondsKept = stepsKept * stepSeconds;
/** Stands for a value that a step does not have. */
const noValue = -1;

/** The numbers at the end of a step, from which the rates of the next one are computed. */
interface Totals {
  readonly atMs: number;
  readonly puts: number;
  readonly ranges: number;
  readonly txns: number;
  readonly watchEvents: number;
  readonly putSeconds: HistogramState | undefined;
  readonly fsyncSeconds: HistogramState;
}

interface Step {
  readonly now: ServerMetrics;
  readonly totals: Totals;
  readonly before: Totals;
  readonly loopLoad: number | undefined;
}

interface Column {
  readonly name: string;
  readonly unit: string;
  /** Whether only root may see it, since it tells about the data of all users. */
  readonly ofData?: true;
  readonly read: (step: Step) => number | undefined;
}

const perSecond = "1/s";
const columns: readonly Column[] = [
  { name: "puts", unit: perSecond, read: (step) => rate(step, "puts") },
  { name: "ranges", unit: perSecond, read: (step) => rate(step, "ranges") },
  { name: "txns", unit: perSecond, read: (step) => rate(step, "txns") },
  { name: "watchEvents", unit: perSecond, read: (step) => rate(step, "watchEvents") },
  { name: "putP99", unit: "ms", read: ({ now, before }) => p99(putSeconds(now), before.putSeconds) },
  { name: "fsyncP99", unit: "ms", read: ({ now, before }) => p99(fsyncSeconds(now), before.fsyncSeconds) },
  { name: "loopLoad", unit: "share", read: ({ loopLoad }) => loopLoad },
  { name: "proposalsPending", unit: "proposals", read: ({ now }) => now.proposalsPending },
  { name: "revision", unit: "revision", read: ({ now }) => now.revision },
  { name: "keys", unit: "keys", ofData: true, read: ({ now }) => now.keys },
  { name: "dbSize", unit: "bytes", ofData: true, read: ({ now }) => now.dbBytes },
];

const ofData = new Set(columns.filter((column) => column.ofData).map(({ name }) => name));

/** The rates, latencies and sizes of this member in the last quarter of an hour, in its memory: some 16 KiB. */
export class Statistics {
  readonly #config: StatisticsConfig;
  readonly #ring = new StatisticsRing(stepsKept, columns.length);
  #totals: Totals | undefined;
  /** The end of the newest step, in ms since 1970. */
  #endsAt = 0;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(config: StatisticsConfig) {
    this.#config = config;
  }

  start(): void {
    this.#config.loopLoad?.();
    this.#totals = this.#totalsNow();
    this.#wait();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** The last `seconds`, as far as they are kept; 0 means all. */
  since(seconds: number): consolepb.StatisticsResponse {
    const wanted = Math.ceil(Math.min(seconds > 0 ? seconds : secondsKept, secondsKept) / stepSeconds);
    const length = Math.min(wanted, this.#ring.length);
    const series = columns.map(({ name, unit }, column) => ({ name, unit, values: this.#ring.last(column, length) }));
    const start = Math.round(this.#endsAt / 1_000) - Math.max(length - 1, 0) * stepSeconds;
    return consolepb.StatisticsResponse.create({ stepSeconds, start, series });
  }

  #wait(): void {
    this.#timer = this.#config.clock.after(stepSeconds * 1_000, () => void this.#step());
  }

  async #step(): Promise<void> {
    try {
      await this.#config.countNow();
    } catch {
      // Consensus has ended, and with it the member.
      return;
    }
    if (this.#stopped) return;
    const before = this.#totals;
    const now = this.#config.metrics();
    const totals = this.#totalsNow(now);
    const loopLoad = this.#config.loopLoad?.();
    if (before !== undefined) {
      const step = { now, totals, before, loopLoad };
      this.#ring.add(columns.map(({ read }) => read(step) ?? noValue));
    }
    this.#totals = totals;
    this.#endsAt = this.#config.clock.wallTime();
    this.#wait();
  }

  #totalsNow(now = this.#config.metrics()): Totals {
    const { puts, ranges, txns, store } = now.counters;
    const put = putSeconds(now);
    return {
      ...{ atMs: this.#config.clock.now(), puts, ranges, txns, watchEvents: store.eventsSent },
      putSeconds: put && stateOf(put),
      fsyncSeconds: stateOf(fsyncSeconds(now)),
    };
  }
}

/** Leaves out the series that only root may see. */
export function withoutData(answer: consolepb.StatisticsResponse): consolepb.StatisticsResponse {
  return { ...answer, series: answer.series.filter(({ name }) => !ofData.has(name)) };
}

function rate({ totals, before }: Step, name: "puts" | "ranges" | "txns" | "watchEvents"): number {
  return ((totals[name] - before[name]) * 1_000) / Math.max(totals.atMs - before.atMs, 1);
}

/** The time of puts from their arrival at this member until their answer. */
function putSeconds({ counters }: ServerMetrics) {
  return counters.requestSeconds.get("Put")?.success;
}

function fsyncSeconds({ counters }: ServerMetrics) {
  return counters.log.walSyncSeconds;
}

/** In ms. */
function p99(histogram: ReturnType<typeof putSeconds>, before: HistogramState | undefined): number | undefined {
  const seconds = histogram && percentileSince(histogram, before, 0.99);
  return seconds === undefined ? undefined : seconds * 1_000;
}
