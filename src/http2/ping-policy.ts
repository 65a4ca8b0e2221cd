/** Without open streams a client has little reason to ask whether the connection lives. */
const idleIntervalMs = 2 * 60 * 60 * 1_000;
/** Pings that come too early before the connection is ended, as grpc-go counts them. */
const strikesMax = 2;

/** Whether a client asks for signs of life more often than it may. */
export class PingPolicy {
  readonly #intervalMsMin: number;
  #lastAt = Number.NEGATIVE_INFINITY;
  #strikes = 0;
  /** Something was sent since the last ping. */
  #spoke = false;

  constructor(intervalMsMin: number) {
    this.#intervalMsMin = intervalMsMin;
  }

  /** Something was sent: whoever asks after that has a reason to. */
  spoke(): void {
    this.#spoke = true;
  }

  /** A ping has come. */
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
