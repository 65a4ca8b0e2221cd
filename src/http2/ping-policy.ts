/** Least interval of pings while no stream is open, as in grpc-go: a client then has little reason to ping. */
const idleIntervalMs = 2 * 60 * 60 * 1_000;
/** Number of early pings that are tolerated, as in grpc-go. */
const strikesMax = 2;

/** Decides whether a client pings too often. */
export class PingPolicy {
  readonly #intervalMsMin: number;
  #lastAt = Number.NEGATIVE_INFINITY;
  #strikes = 0;
  /** Part of an answer was sent since the last ping. */
  #spoke = false;

  constructor(intervalMsMin: number) {
    this.#intervalMsMin = intervalMsMin;
  }

  /** Records that part of an answer was sent, which justifies a ping. */
  spoke(): void {
    this.#spoke = true;
  }

  /** Counts a ping. @returns false when there are too many */
  allows(hasStreams: boolean): boolean {
    const now = performance.now();
    const early = now < this.#lastAt + (hasStreams ? this.#intervalMsMin : idleIntervalMs);
    if (this.#spoke) this.#strikes = 0;
    else if (early) this.#strikes++;
    this.#spoke = false;
    this.#lastAt = now;
    return this.#strikes <= strikesMax;
  }
}
