import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../base/index.js";

/** How long a pass in the background may hold the event loop. */
const turnMs = 3;
/** Looking at the time costs as much as a little work: so many small steps, or bytes, go between two looks. */
const bytesBetweenLooks = 32 * 1024;
const bytesOfStep = 1024;

/** Cuts a long pass into turns of a few milliseconds, with the event loop free in between. */
export class Turns {
  readonly #clock: Clock;
  #end: number;
  #untilLook = bytesBetweenLooks;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#end = clock.now() + turnMs;
  }

  /** Whether it is time to `rest`; to be asked after each small step, with the bytes of values that it went through. */
  over(bytes: number): boolean {
    this.#untilLook -= bytesOfStep + bytes;
    if (this.#untilLook > 0) return false;
    this.#untilLook = bytesBetweenLooks;
    return this.#clock.now() >= this.#end;
  }

  /** Lets others run, then begins the next turn. */
  async rest(): Promise<void> {
    await nextTurn();
    this.#end = this.#clock.now() + turnMs;
  }
}
