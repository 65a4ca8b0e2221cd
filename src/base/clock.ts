/** Time as the server sees it; handed in everywhere, so that a test can hold it still. */
export interface Clock {
  /** Milliseconds on a clock that never goes back; differences mean something, the value itself does not. */
  now(): number;
  /** Milliseconds since 1970, as the machine believes. */
  wallTime(): number;
  /** Calls `run` once, `delayMs` from now at the earliest. The timer alone never keeps the process up. */
  after(delayMs: number, run: () => void): Timer;
}

export interface Timer {
  /** The call does not happen any more; harmless after it has. */
  cancel(): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** A clock that moves only when told to; its timers run inside `advance`, in the order they are due. */
export class ManualClock implements Clock {
  #now = 0;
  #timers: { readonly due: number; readonly run: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return 1_600_000_000_000 + this.#now;
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { due: this.#now + delayMs, run };
    const later = this.#timers.findIndex((other) => other.due > timer.due);
    this.#timers.splice(later < 0 ? this.#timers.length : later, 0, timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  /** Moves time on and runs what is due on the way, including what those calls set up. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#timers[0]; next !== undefined && next.due <= end; next = this.#timers[0]) {
      this.#timers.shift();
      this.#now = Math.max(this.#now, next.due);
      next.run();
    }
    this.#now = end;
  }
}
