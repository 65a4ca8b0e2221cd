import { queueNameOf } from "./queues.js";

/** Bounds of a survey. */
export interface SurveyLimits {
  /** The most leases that are looked at. */
  readonly leases: number;
  /** The most leases to ask for in one round. */
  readonly asks: number;
  /** After how long a lease is asked for again, since keys may be attached to it at any time. */
  readonly againAfterMs: number;
}

const usualLimits: SurveyLimits = { leases: 5_000, asks: 60, againAfterMs: 20_000 };

interface Seen {
  readonly atMs: number;
  readonly names: ReadonlySet<string>;
}

/**
 * Finds the names of locks and elections in the keys of all leases. etcd tells the keys of one lease at a time, so the
 * survey asks for a few in each round: first for new leases, then for those that it has not asked for in a while.
 */
export class LeaseSurvey {
  readonly #limits: SurveyLimits;
  readonly #seen = new Map<string, Seen>();
  #leases: readonly string[] = [];

  constructor(limits: SurveyLimits = usualLimits) {
    this.#limits = limits;
  }

  /** Leases that have not been asked for yet. */
  get unknown(): number {
    return this.#watched().filter((lease) => !this.#seen.has(lease)).length;
  }

  /** Leases beyond the bound, which are not looked at. */
  get skipped(): number {
    return Math.max(this.#leases.length - this.#limits.leases, 0);
  }

  /** Names of locks and elections, in order. */
  get names(): readonly string[] {
    return [...new Set([...this.#seen.values()].flatMap(({ names }) => [...names]))].sort();
  }

  /** @param leases all leases of the cluster @returns those to ask for in this round */
  plan(leases: readonly string[], nowMs: number): readonly string[] {
    this.#leases = leases;
    const watched = this.#watched();
    const there = new Set(watched);
    for (const lease of this.#seen.keys()) if (!there.has(lease)) this.#seen.delete(lease);
    const askedAt = (lease: string): number => this.#seen.get(lease)?.atMs ?? Number.NEGATIVE_INFINITY;
    return watched
      .filter((lease) => askedAt(lease) <= nowMs - this.#limits.againAfterMs)
      .sort((one, other) => (askedAt(one) < askedAt(other) ? -1 : 1))
      .slice(0, this.#limits.asks);
  }

  /** @param keys those of the lease; none if the caller may not see them */
  learn(lease: string, keys: readonly string[], nowMs: number): void {
    const names = keys.map((key) => queueNameOf(key, lease)).filter((name) => name !== undefined);
    this.#seen.set(lease, { atMs: nowMs, names: new Set(names) });
  }

  #watched(): readonly string[] {
    return this.#leases.slice(0, this.#limits.leases);
  }
}
