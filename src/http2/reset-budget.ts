/** Clients may end so many streams at once, and so many a second, before it looks like an attack. */
const resetsMax = 10_000;
const resetsPerSecond = 1_000;

/** Opening a stream and ending it costs a client nothing, and a server a little each time. */
export class ResetBudget {
  #used = 0;
  #countedAt = 0;

  /** A stream was ended by the client. */
  count(): void {
    const now = performance.now();
    this.#used = Math.max(0, this.#used - ((now - this.#countedAt) / 1_000) * resetsPerSecond) + 1;
    this.#countedAt = now;
  }

  get spent(): boolean {
    return this.#used > resetsMax;
  }
}
