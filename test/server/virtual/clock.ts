import type { Clock, ManualClock, Timer } from "../../../src/base/index.js";

/** The clock of one process on the clock of a whole simulation: nothing happens any more once the process is dead. */
export class ProcessClock implements Clock {
  readonly #shared: ManualClock;
  #alive = true;

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
    return this.#shared.after(delayMs, () => {
      if (this.#alive) run();
    });
  }
}

/** Lets everything happen that can without time passing: callbacks, promises, files. */
export async function settle(): Promise<void> {
  for (let quiet = 0; quiet < 2; ) {
    await new Promise((resolve) => setImmediate(resolve));
    const busy = process.getActiveResourcesInfo().some((name) => name === "Immediate" || name.startsWith("FS"));
    quiet = busy ? 0 : quiet + 1;
  }
}
