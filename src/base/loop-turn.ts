import type { Clock } from "./clock.js";

/** How long the work of all clients together may hold the event loop. */
const turnMs = 8;

/**
 * The turn of the event loop that is running. Work that clients ask for shares it: many small requests that arrive
 * together hold up timers and sockets as one large request would. A caller asks whether the turn is `over` before it
 * begins something, and if so goes on in a later turn, behind those that waited before.
 */
export class LoopTurn {
  static readonly #turns = new WeakMap<Clock, LoopTurn>();
  readonly #clock: Clock;
  /** Undefined between turns. */
  #endsAt: number | undefined;
  #waiting: (() => void)[] = [];
  /** The waiters before it have been resumed. */
  #nextAt = 0;
  readonly #resumeNext = (): void => this.#resumeMore();
  /** Runs when the one that was resumed has done what it does at once, the promises it settled included. */
  readonly #afterPromises = (): void => process.nextTick(this.#resumeNext);
  readonly #beginTurn = (): void => this.#begin();

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The turn of the event loop that a clock belongs to; code on one clock runs on one loop. */
  static of(clock: Clock): LoopTurn {
    let turn = LoopTurn.#turns.get(clock);
    if (turn === undefined) {
      turn = new LoopTurn(clock);
      LoopTurn.#turns.set(clock, turn);
    }
    return turn;
  }

  /** Whether work that has not begun should wait: the turn has lasted long enough, or others wait already. */
  get over(): boolean {
    return this.spent || this.#waiting.length > this.#nextAt;
  }

  /** Whether work that has begun should pause: the turn has lasted long enough. */
  get spent(): boolean {
    if (this.#endsAt !== undefined) return this.#clock.now() >= this.#endsAt;
    this.#start();
    return false;
  }

  /** Calls `resume` in a later turn that has time for it. */
  defer(resume: () => void): void {
    this.#waiting.push(resume);
    if (this.#endsAt === undefined) this.#start();
  }

  /** Resolves in a later turn that has time. */
  pause(): Promise<void> {
    return new Promise((resolve) => this.defer(resolve));
  }

  #begin(): void {
    if (this.#nextAt === this.#waiting.length) {
      this.#endsAt = undefined;
      return;
    }
    this.#start();
    // One goes on in every turn, however late it is by then.
    this.#resumeOne();
  }

  #start(): void {
    this.#endsAt = this.#clock.now() + turnMs;
    setImmediate(this.#beginTurn);
  }

  /** Resumes those that wait, as long as the turn has time. */
  #resumeMore(): void {
    if (this.#endsAt !== undefined && this.#clock.now() < this.#endsAt) this.#resumeOne();
  }

  #resumeOne(): void {
    const resume = this.#waiting[this.#nextAt];
    if (resume === undefined) return;
    this.#nextAt++;
    if (this.#nextAt === this.#waiting.length) {
      this.#waiting = [];
      this.#nextAt = 0;
    }
    resume();
    queueMicrotask(this.#afterPromises);
  }
}
