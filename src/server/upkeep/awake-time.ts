import type { Clock } from "../../base/index.js";

/** A longer silence between two ticks is a gap: the process was stopped, or something held its event loop. */
const ticksMax = 3;

export interface AwakeTimeConfig {
  readonly clock: Clock;
  readonly tickMs: number;
  /** Election timeout: after this much silence of a member, the others may have elected another leader. */
  readonly electionTimeoutMs: number;
}

/**
 * Time as far as this member was awake, measured by the clock between ticks of raft. Leases are counted down on it: a
 * leader that was stopped, or whose machine slept, could not hear of renewals meanwhile, so that time is no reason to
 * revoke anything. After a gap in which another leader may have been elected, time stands still for one election
 * timeout more: what waits in the sockets, renewals and news of that leader, is read first.
 *
 * Whether a gap is seen does not depend on which timer fires first after it.
 */
export class AwakeTime {
  readonly #clock: Clock;
  readonly #gapMs: number;
  readonly #electionTimeoutMs: number;
  /** By the clock. */
  #latestTick: number;
  /** This time, as of the latest tick. */
  #counted = 0;
  /** By the clock: until then time stands still. */
  #resumesAt: number;
  #gaps = 0;

  constructor({ clock, tickMs, electionTimeoutMs }: AwakeTimeConfig) {
    this.#clock = clock;
    this.#gapMs = ticksMax * tickMs;
    this.#electionTimeoutMs = electionTimeoutMs;
    this.#latestTick = clock.now();
    this.#resumesAt = this.#latestTick;
  }

  /** Milliseconds; never goes back, and differences of it are never more than those of the clock. */
  now(): number {
    const end = Math.min(this.#clock.now(), this.#latestTick + this.#gapMs);
    return this.#counted + Math.max(0, end - Math.max(this.#latestTick, this.#resumesAt));
  }

  /** How many gaps there were, one that no tick has ended yet included. */
  get gaps(): number {
    return this.#gaps + (this.#silence > this.#gapMs ? 1 : 0);
  }

  /** To be called at every tick of raft. */
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
