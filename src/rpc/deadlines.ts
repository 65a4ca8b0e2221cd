import type { Clock, Timer } from "../base/index.js";

/** How exact a deadline is. */
const slotMs = 10;

interface Expiring {
  expire(): void;
}

/**
 * Calls by the time at which they end whatever has become of them. Nearly all end long before: they come and go
 * without a timer of their own.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #slots = new Map<number, Set<Expiring>>();
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns where it stands, for `remove` */
  add(call: Expiring, afterMs: number): number {
    const slot = Math.ceil((this.#clock.now() + afterMs) / slotMs);
    const calls = this.#slots.get(slot);
    if (calls === undefined) this.#slots.set(slot, new Set([call]));
    else calls.add(call);
    this.#timer ??= this.#clock.after(slotMs, () => this.#sweep());
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

  #sweep(): void {
    const now = Math.floor(this.#clock.now() / slotMs);
    const due = [...this.#slots].filter(([slot]) => slot <= now);
    for (const [slot, calls] of due) {
      this.#slots.delete(slot);
      for (const call of calls) call.expire();
    }
    this.#timer = this.#slots.size === 0 ? undefined : this.#clock.after(slotMs, () => this.#sweep());
  }
}
