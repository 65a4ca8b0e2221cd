import type { Clock } from "../../base/index.js";

/** A longer time between two ticks is a gap: the process was stopped, or its event loop was blocked. */
const ticksMax = 3;

export interface AwakeTimeConfig {
  readonly clock: Clock;
  readonly tickMs: number;
  /** The election timeout. After this silence of a leader, the others may have elected another one. */
  readonly electionTimeoutMs: number;
}

/**
 * The time during which this member was awake, measured between ticks of raft. Leases count down on it: while a leader
 * is stopped, or its machine sleeps, it cannot receive renewals, so this time must not expire leases. After a gap in
 * which another leader may have been elected, the time stands still for another election timeout, so that waiting
 * messages, such as renewals and the news of a new leader, are read first.
 *
 * A gap is detected whichever timer fires first after it.
 */
export class AwakeTime {
  readonly #clock: Clock;
  readonly #gapMs: number;
  readonly #electionTimeoutMs: number;
  /** The time of the latest tick, by the clock. */
  #latestTick: number;
  /** The awake time at the latest tick. */
  #counted = 0;
  /** The time, by the clock, until which the awake time stands still. */
  #resumesAt: number;
  #gaps = 0;

  constructor({ clock, tickMs, electionTimeoutMs }: AwakeTimeConfig) {
    this.#clock = clock;
    this.#gapMs = ticksMax * tickMs;
    this.#electionTimeoutMs = electionTimeoutMs;
    this.#latestTick = clock.now();
    this.#resumesAt = this.#latestTick;
  }

  /** The awake time in ms. It never decreases, and never advances faster than the clock. */
  now(): number {
    const end = Math.min(this.#clock.now(), this.#latestTick + this.#gapMs);
    return this.#counted + Math.max(0, end - Math.max(this.#latestTick, this.#resumesAt));
  }

  /** The number of gaps, including one that no tick has ended yet. */
  get gaps(): number {
    return this.#gaps + (this.#silence > this.#gapMs ? 1 : 0);
  }

  /** Must be called at every tick of raft. */
  tick(): void {
    const { gaps } = this;
    const silence = this.#silence;
    this.#counted = this.now();
    this.#gaps = gaps;
    this.#latestTick = this.#clock.now();
    if (silence >= this.#electionTimeoutMs) this.#resumesAt = this.#latestTick + this.#electionTimeoutMs;
  }

  get #silence(): number {
    return this.#clock.now() - this.#latestTick;
  }
}
