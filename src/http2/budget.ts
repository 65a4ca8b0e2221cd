/**
 * Rate limit for an action of a client: a burst, and a rate per second. A client that exceeds it is taken for an
 * attacker.
 */
export class Budget {
  readonly #most: number;
  readonly #perSecond: number;
  #used = 0;
  #countedAt = 0;

  constructor(most: number, perSecond: number) {
    this.#most = most;
    this.#perSecond = perSecond;
  }

  /**
   * @param cost how many actions to count
   * @returns false when the limit is exceeded
   */
  spend(cost = 1): boolean {
    const now = performance.now();
    this.#used = Math.max(0, this.#used - ((now - this.#countedAt) / 1_000) * this.#perSecond) + cost;
    this.#countedAt = now;
    return this.#used <= this.#most;
  }
}
