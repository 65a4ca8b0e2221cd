import { type EventLoopUtilization, performance } from "node:perf_hooks";

/** Anything that knows how long an event loop has worked: `performance` of a thread, or a `Worker`'s. */
export interface Utilized {
  eventLoopUtilization(): EventLoopUtilization;
}

/** The share of time in which an event loop works, from one call of `share` to the next. */
export class LoopLoad {
  readonly #loop: Utilized;
  #before: EventLoopUtilization;

  /** @param loop the loop of the calling thread by default */
  constructor(loop: Utilized = performance) {
    this.#loop = loop;
    this.#before = loop.eventLoopUtilization();
  }

  share(): number {
    const now = this.#loop.eventLoopUtilization();
    const active = now.active - this.#before.active;
    const all = active + now.idle - this.#before.idle;
    this.#before = now;
    return all > 0 ? active / all : 0;
  }
}
