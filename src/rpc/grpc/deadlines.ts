import type { Clock, Timer } from "../../base/index.js";

/** The granularity of deadlines in ms. */
const slotMs = 10;
/** The longest time for which a timer is set. Node's timers cannot wait for more than 24 days. */
const sleepMsMax = 3_600_000;

interface Expiring {
  expire(): void;
}

/**
 * The deadlines of all calls. Nearly all calls end long before their deadline, so they share one timer instead of
 * setting one each.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #slots = new Map<number, Set<Expiring>>();
  #timer: Timer | undefined;
  /** The slot that the timer waits for. No call has an earlier deadline. */
  #wakesAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The number of deadlines that have not passed. */
  get size(): number {
    let size = 0;
    for (const calls of this.#slots.values()) size += calls.size;
    return size;
  }

  /** Adds a deadline. @returns its slot, for `remove` */
  add(call: Expiring, afterMs: number): number {
    const slot = Math.ceil((this.#clock.now() + afterMs) / slotMs);
    const calls = this.#slots.get(slot);
    if (calls === undefined) this.#slots.set(slot, new Set([call]));
    else calls.add(call);
    if (slot < this.#wakesAt) this.#sleepUntil(slot);
    return slot;
  }

  remove(call: Expiring, slot: number): void {
    const calls = this.#slots.get(slot);
    calls?.delete(call);
    if (calls?.size === 0) this.#slots.delete(slot);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#slots.clear();
  }

  #sleepUntil(slot: number): void {
    this.#timer?.cancel();
    this.#wakesAt = slot;
    const afterMs = Math.max(slot * slotMs - this.#clock.now(), slotMs);
    this.#timer = this.#clock.after(Math.min(afterMs, sleepMsMax), () => this.#sweep());
  }

  #sweep(): void {
    this.#wakesAt = Number.POSITIVE_INFINITY;
    const now = Math.floor(this.#clock.now() / slotMs);
    let next = Number.POSITIVE_INFINITY;
    for (const [slot, calls] of [...this.#slots]) {
      if (slot > now) {
        next = Math.min(next, slot);
        continue;
      }
      this.#slots.delete(slot);
      for (const call of calls) call.expire();
    }
    if (next < this.#wakesAt) this.#sleepUntil(next);
  }
}
