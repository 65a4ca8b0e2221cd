import { FairQueue } from "./fair-queue.js";

/** A party that may have to wait for a place. */
export interface PlaceAsker {
  /** Ends the wait. */
  readonly signal: AbortSignal;
  /** Something that all work of one client shares; work without it waits by itself. */
  readonly client?: object | undefined;
}

/** Admits a fixed number of parties at a time. The others wait for a place, and clients get places in turn. */
export class Semaphore {
  #free: number;
  readonly #waiting = new FairQueue<() => void>();

  constructor(places: number) {
    this.#free = places;
  }

  /**
   * Resolves when there is a place, which `leave` gives back.
   *
   * @returns false when the signal fired first: then there is nothing to give back
   */
  enter({ signal, client }: PlaceAsker): Promise<boolean> {
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
      const place = this.#waiting.push(give, client ?? give);
      const gone = (): void => {
        place.leave();
        resolve(false);
      };
      signal.addEventListener("abort", gone, { once: true });
    });
  }

  leave(): void {
    const next = this.#waiting.take();
    if (next === undefined) this.#free++;
    else next();
  }
}
