/** What a client may do so often at once, and so often a second, before it looks like an attack. */
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
   * @param cost how often it counts
   * @returns false when that is too often
   */
  spend(cost = 1): boolean {
    const now = performance.now();
    this.#used = Math.max(0, this.#used - ((now - this.#countedAt) / 1_000) * this.#perSecond) + cost;
    this.#countedAt = now;
    return this.#used <= this.#most;
  }
}
