import { assertNever, type Clock, EtcdError, errorText, type Logger, type Timer } from "../../base/index.js";
import type { AutoCompaction } from "../config.js";

const hourMs = 3_600_000;
/** The interval of compactions by revision, as in etcd. */
const revisionIntervalMs = 300_000;
/** The revisions sampled per retention time (or per hour of a longer one). A failed compaction is retried after one. */
const samplesPerInterval = 10;

export interface CompactorConfig {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly revision: () => number;
  /** Proposes a compaction as the current leader. */
  readonly compact: (revision: number) => Promise<void>;
}

/**
 * Compacts automatically: history older than a retention time, or all but a number of revisions. It runs on every
 * member and acts only on the leader; `pause` and `resume` follow the leadership.
 */
export class Compactor {
  readonly #config: CompactorConfig;
  readonly #intervalMs: number;
  readonly #plan: Plan;
  #paused = true;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(what: AutoCompaction, config: CompactorConfig) {
    this.#config = config;
    this.#plan = makePlan(what, config);
    this.#intervalMs = this.#plan.intervalMs;
  }

  start(): void {
    this.#plan.observe?.(this.#config.revision());
    this.#timer = this.#config.clock.after(this.#intervalMs, () => {
      void this.#turn();
    });
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #turn(): Promise<void> {
    const revision = this.#paused ? undefined : this.#plan.due(this.#config.revision());
    if (revision !== undefined) await this.#compact(revision);
    if (!this.#stopped) this.start();
  }

  async #compact(revision: number): Promise<void> {
    const { clock, logger } = this.#config;
    const { name, fields } = this.#plan;
    logger.info(`starting auto ${name} compaction`, { revision, ...fields });
    const startedAt = clock.now();
    try {
      await this.#config.compact(revision);
    } catch (error) {
      if (!(error instanceof EtcdError && error.kind === "compacted")) {
        const reason = errorText(error);
        logger.warn(`failed auto ${name} compaction`, { revision, ...fields, error: reason });
        return;
      }
    }
    this.#plan.compacted(revision);
    logger.info(`completed auto ${name} compaction`, { revision, ...fields, "took-ms": clock.now() - startedAt });
  }
}

/** The rule of a mode: when to compact, and up to which revision. */
interface Plan {
  readonly name: "periodic" | "revision";
  readonly fields: Readonly<Record<string, unknown>>;
  readonly intervalMs: number;
  /** Called with the current revision at the start of each interval. */
  observe?(revision: number): void;
  /** The revision to compact at the end of an interval; undefined when it is not time. */
  due(current: number): number | undefined;
  compacted(revision: number): void;
}

function makePlan(what: AutoCompaction, { clock }: CompactorConfig): Plan {
  switch (what.mode) {
    case "periodic":
      return new PeriodicPlan(what.retentionMs, clock);
    case "revision":
      return new RevisionPlan(what.retention);
    default:
      return assertNever(what);
  }
}

/**
 * Samples the revision ten times per hour, or per retention time if that is shorter, and keeps the samples of one
 * retention time. The oldest one is compacted after the first retention time, and then every hour or retention time.
 */
class PeriodicPlan implements Plan {
  readonly name = "periodic";
  readonly fields: Readonly<Record<string, unknown>>;
  readonly intervalMs: number;
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #notesMax: number;
  readonly #notes: number[] = [];
  #waitMs: number;
  #lastDone: number;

  constructor(retentionMs: number, clock: Clock) {
    this.#clock = clock;
    this.#everyMs = Math.min(retentionMs, hourMs);
    this.intervalMs = this.#everyMs / samplesPerInterval;
    this.#notesMax = Math.floor(retentionMs / this.intervalMs) + 1;
    this.#waitMs = retentionMs;
    this.#lastDone = clock.now();
    this.fields = { "compact-period-ms": retentionMs };
  }

  observe(revision: number): void {
    this.#notes.push(revision);
    if (this.#notes.length > this.#notesMax) this.#notes.shift();
  }

  due(): number | undefined {
    if (this.#clock.now() - this.#lastDone < this.#waitMs) return undefined;
    this.#waitMs = this.#everyMs;
    return this.#notes[0];
  }

  compacted(): void {
    this.#lastDone = this.#clock.now();
  }
}

/** Compacts all but the last revisions every five minutes, unless the result would be the same as before. */
class RevisionPlan implements Plan {
  readonly name = "revision";
  readonly fields: Readonly<Record<string, unknown>>;
  readonly intervalMs = revisionIntervalMs;
  readonly #retention: number;
  #last = 0;

  constructor(retention: number) {
    this.#retention = retention;
    this.fields = { "revision-compaction-retention": retention };
  }

  due(current: number): number | undefined {
    const revision = current - this.#retention;
    return revision <= 0 || revision === this.#last ? undefined : revision;
  }

  compacted(revision: number): void {
    this.#last = revision;
  }
}
