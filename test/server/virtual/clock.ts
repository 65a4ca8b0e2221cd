import type { Clock, ManualClock, Timer } from "../../../src/base/index.js";

/**
 * The clock of one process, driven by the clock of the whole simulation. While the process is paused, its timers become
 * due but do not run. After its death none of them runs.
 */
export class ProcessClock implements Clock {
  readonly #shared: ManualClock;
  #alive = true;
  #paused = false;
  #held: (() => void)[] = [];

  constructor(shared: ManualClock) {
    this.#shared = shared;
  }

  die(): void {
    this.#alive = false;
  }

  now(): number {
    return this.#shared.now();
  }

  wallTime(): number {
    return this.#shared.wallTime();
  }

  after(delayMs: number, run: () => void): Timer {
    let cancelled = false;
    const due = (): void => {
      if (cancelled || !this.#alive) return;
      if (this.#paused) this.#held.push(due);
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

  pause(): void {
    this.#paused = true;
  }

  /** Resumes the process. Timers that became due in the pause run now, in order. */
  resume(): void {
    this.#paused = false;
    for (const run of this.#held.splice(0)) this.#shared.after(0, run);
  }
}

/** The number of calls of `settle` that wait for the next turn of the event loop. Each has its own immediate. */
let settling = 0;

/** Runs everything that needs no virtual time: callbacks, promises and file operations. */
export async function settle(): Promise<void> {
  for (let quiet = 0; quiet < 2; ) {
    settling++;
    await new Promise((resolve) => setImmediate(resolve));
    settling--;
    const resources = process.getActiveResourcesInfo();
    const immediates = resources.filter((name) => name === "Immediate").length;
    const busy = immediates > settling || resources.some((name) => name.startsWith("FS"));
    quiet = busy ? 0 : quiet + 1;
  }
}
