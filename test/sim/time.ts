import type { Clock, Timer } from "../../src/base/index.js";

interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** The time of a whole simulation, which jumps from each due timer to the next. */
export class SimClock implements Clock {
  /** A binary heap: no timer is due before its parent. */
  readonly #due: Due[] = [];
  #now = 0;
  #order = 0;

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return 1_600_000_000_000 + this.#now;
  }

  after(delayMs: number, run: () => void): Timer {
    const due: Due = { at: this.#now + Math.max(0, delayMs), order: this.#order++, run, cancelled: false };
    this.#push(due);
    return {
      cancel: () => {
        due.cancelled = true;
      },
    };
  }

  /** Advances to the next timer and runs it. @returns false if no timer is due until `end`, which is the time then */
  next(end: number): boolean {
    for (let first = this.#due[0]; first !== undefined && first.at <= end; first = this.#due[0]) {
      this.#pop();
      if (first.cancelled) continue;
      this.#now = first.at;
      first.run();
      return true;
    }
    this.#now = end;
    return false;
  }

  #push(due: Due): void {
    const heap = this.#due;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = heap[above];
      if (other === undefined || isBefore(other, due)) break;
      heap[at] = other;
      at = above;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#due;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let other = heap[below];
      const right = heap[below + 1];
      if (other !== undefined && right !== undefined && isBefore(right, other)) {
        below++;
        other = right;
      }
      if (other === undefined || isBefore(last, other)) break;
      heap[at] = other;
      at = below;
    }
    heap[at] = last;
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.at === other.at ? one.order < other.order : one.at < other.at;
}

let pendingImmediates = 0;
const nextImmediate = globalThis.setImmediate;

/** Counts callbacks that wait for the next turn of the event loop, for `settle`. @returns ends the counting */
export function countImmediates(): () => void {
  const counted = new Proxy(nextImmediate, {
    apply: (_, __, [run, ...values]: [(...values: unknown[]) => void, ...unknown[]]) => {
      pendingImmediates++;
      return nextImmediate(() => {
        pendingImmediates--;
        run(...values);
      });
    },
  });
  globalThis.setImmediate = counted;
  return () => {
    globalThis.setImmediate = nextImmediate;
  };
}

/** Replaces `setImmediate` of `node:timers/promises`, which does not use the global one. */
export function nextTurn<Value>(value?: Value): Promise<Value | undefined> {
  return new Promise((resolve) => setImmediate(() => resolve(value)));
}

/** Runs everything that needs no virtual time. The order of turns and promises is the same on every machine. */
export async function settle(): Promise<void> {
  do await new Promise<void>((resolve) => nextImmediate(resolve));
  while (pendingImmediates > 0);
}
