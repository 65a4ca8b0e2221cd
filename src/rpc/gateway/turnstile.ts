/** Lets so many in at a time; whoever comes later waits for a place, in the order of coming. */
export class Turnstile {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(places: number) {
    this.#free = places;
  }

  /**
   * Resolves when there is a place, which `leave` gives back.
   *
   * @returns false when the signal fired first: then there is nothing to give back
   */
  enter(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const give = (): void => {
        signal.removeEventListener("abort", gone);
        resolve(true);
      };
      const gone = (): void => {
        this.#waiting.delete(give);
        resolve(false);
      };
      signal.addEventListener("abort", gone, { once: true });
      this.#waiting.add(give);
    });
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}
