import { FairQueue } from "./fair-queue.js";

/** A caller that may have to wait for a place. */
export interface PlaceAsker {
  /** Aborting it ends the wait. */
  readonly signal: AbortSignal;
  /** Object that all work of one client shares; work without it counts as a client of its own. */
  readonly client?: object | undefined;
}

/** Admits a fixed number of callers at a time. The others wait for a place, and clients get places in turn. */
export class Semaphore {
  #free: number;
  readonly #waiting = new FairQueue<() => void>();

  constructor(places: number) {
    this.#free = places;
  }

  /**
   * Takes a place once there is one; `leave` returns it.
   *
   * @returns false when the signal aborts first; no place was taken then
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
