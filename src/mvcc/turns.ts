import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../base/index.js";

/** How long a pass in the background may hold the event loop. */
const turnMs = 3;
/** Looking at the time costs as much as a little work. */
const stepsBetweenLooks = 32;

/** Cuts a long pass into turns of a few milliseconds, with the event loop free in between. */
export class Turns {
  readonly #clock: Clock;
  #end: number;
  #untilLook = stepsBetweenLooks;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#end = clock.now() + turnMs;
  }

  /** When this turn is over, on the clock. */
  get end(): number {
    return this.#end;
  }

  /** Whether it is time to `rest`; to be asked after each small step. */
  over(): boolean {
    if (this.#untilLook-- > 0) return false;
    this.#untilLook = stepsBetweenLooks;
    return this.#clock.now() >= this.#end;
  }

  /** Lets others run, then begins the next turn. */
  async rest(): Promise<void> {
    await nextTurn();
    this.#end = this.#clock.now() + turnMs;
  }
}
