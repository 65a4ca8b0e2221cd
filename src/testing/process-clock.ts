import type { Clock, Timer } from "../base/index.js";

/**
 * The clock of one process, driven by the clock of a whole simulation. While the process is paused, its timers become
 * due but do not run. After its death none of them runs.
 */
export class ProcessClock implements Clock {
  readonly #shared: Clock;
  readonly #originMs: number;
  readonly #wallSkewMs: number;
  #state: "running" | "paused" | "dead" = "running";
  #held: (() => void)[] = [];

  /**
   * @param originMs what the monotonic clock of the process shows at the start of the simulation
   * @param wallSkewMs by how much the wall clock of the process is fast
   */
  constructor(shared: Clock, originMs = 0, wallSkewMs = 0) {
    this.#shared = shared;
    this.#originMs = originMs;
    this.#wallSkewMs = wallSkewMs;
  }

  get dead(): boolean {
    return this.#state === "dead";
  }

  get paused(): boolean {
    return this.#state === "paused";
  }

  now(): number {
    return this.#originMs + this.#shared.now();
  }

  wallTime(): number {
    return this.#shared.wallTime() + this.#wallSkewMs;
  }

  after(delayMs: number, run: () => void): Timer {
    let cancelled = false;
    const due = (): void => {
      if (cancelled || this.#state === "dead") return;
      if (this.#state === "paused") this.#held.push(due);
      else run();
    };
    const timer = this.#shared.after(delayMs, due);
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
      },
    };
  }

  /** Resolves when the process is not paused. */
  running(): Promise<void> {
    if (this.#state !== "paused") return Promise.resolve();
    return new Promise((resolve) => void this.#held.push(resolve));
  }

  pause(): void {
    if (this.#state === "running") this.#state = "paused";
  }

  /** Resumes the process. Timers that became due in the pause run now, one after the other. */
  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    for (const run of this.#held.splice(0)) this.#shared.after(0, run);
  }

  die(): void {
    this.#state = "dead";
    this.#held = [];
  }
}
