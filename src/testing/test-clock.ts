import type { Clock, Timer } from "../base/index.js";

interface Due {
  readonly at: number;
  readonly run: () => void;
}

/** The turns of the event loop without a new timer after which everything that needs no time has happened. */
const quietTurns = 3;

/**
 * A clock that goes with real time and can be moved forward. While `advance` moves it, timers run in the order in which
 * they are due, and everything that follows from one of them happens before the next: nothing sleeps.
 */
export class TestClock implements Clock {
  /** How far this clock is ahead of real time, in ms. */
  #aheadMs = 0;
  /** The timers in the order in which they are due. */
  #timers: Due[] = [];
  /** The real timer for the first of them. */
  #alarm: ReturnType<typeof setTimeout> | undefined;
  #changes = 0;
  #advancing: Promise<void> = Promise.resolve();
  #moving = false;

  now(): number {
    return performance.now() + this.#aheadMs;
  }

  wallTime(): number {
    return Date.now() + this.#aheadMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const timer: Due = { at: this.now() + Math.max(0, delayMs), run };
    this.#insert(timer);
    this.#changes++;
    this.#setAlarm();
    return {
      cancel: () => {
        const at = this.#timers.indexOf(timer);
        if (at < 0) return;
        this.#timers.splice(at, 1);
        if (at === 0) this.#setAlarm();
      },
    };
  }

  /** Moves the clock forward. Resolves when all that was due until then has happened. */
  advance(ms: number): Promise<void> {
    this.#advancing = this.#advancing.then(() => this.#advance(ms));
    return this.#advancing;
  }

  async #advance(ms: number): Promise<void> {
    this.#moving = true;
    clearTimeout(this.#alarm);
    const end = this.now() + ms;
    await this.#settle();
    for (let next = this.#timers[0]; next !== undefined && next.at <= end; next = this.#timers[0]) {
      this.#moveTo(next.at);
      this.#runDue();
      await this.#settle();
    }
    this.#moveTo(end);
    this.#moving = false;
    this.#setAlarm();
  }

  /** Real time also passes while the clock is moved; the clock never goes back. */
  #moveTo(time: number): void {
    this.#aheadMs += Math.max(0, time - this.now());
  }

  #runDue(): void {
    const now = this.now();
    for (let next = this.#timers[0]; next !== undefined && next.at <= now; next = this.#timers[0]) {
      this.#timers.shift();
      next.run();
    }
  }

  /** Waits until nothing sets a timer any more. */
  async #settle(): Promise<void> {
    for (let quiet = 0; quiet < quietTurns; ) {
      const before = this.#changes;
      await new Promise((resolve) => setImmediate(resolve));
      quiet = before === this.#changes ? quiet + 1 : 0;
    }
  }

  #insert(timer: Due): void {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#timers[middle]?.at ?? 0) <= timer.at) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
  }

  #setAlarm(): void {
    if (this.#moving) return;
    clearTimeout(this.#alarm);
    const [first] = this.#timers;
    if (first === undefined) return;
    this.#alarm = setTimeout(() => {
      this.#runDue();
      this.#setAlarm();
    }, first.at - this.now());
    this.#alarm.unref();
  }
}
