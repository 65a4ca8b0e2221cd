/** The server's source of time; it is always passed in, so that a test can control it. */
export interface Clock {
  /** Milliseconds on a clock that never goes back; only differences have a meaning. */
  now(): number;
  /** Milliseconds since 1970, by the machine's clock. */
  wallTime(): number;
  /** Calls `run` once, after at least `delayMs`. The timer alone does not keep the process running. */
  after(delayMs: number, run: () => void): Timer;
}

export interface Timer {
  /** Prevents the call; does nothing after it. */
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

/** A clock that only `advance` moves; timers run inside `advance`, in the order they are due. */
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

  /** Advances time and runs all timers that come due, including those set by other timers. */
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
