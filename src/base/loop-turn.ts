import type { Clock } from "./clock.js";

/** How long the work of all clients together may hold the event loop. */
const turnMs = 8;
/** Those that wait are resumed in groups that take about so long, since what they say leaves together then. */
const groupMs = { short: 1, long: 2 };
const groupMax = 16;

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
  /** How many are resumed before the clock is looked at. */
  #group = 1;
  #groupBeganAt = 0;
  /** Runs when those that were resumed have done what they do at once, the promises they settled included. */
  readonly #afterPromises = (): void => process.nextTick(this.#groupIsDone);
  readonly #groupIsDone = (): void => this.#goOn();
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

  /** Whether work that can wait should: the turn has lasted long enough. A turn begins with those that wait already. */
  get over(): boolean {
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

  #start(): void {
    this.#endsAt = this.#clock.now() + turnMs;
    setImmediate(this.#beginTurn);
  }

  #begin(): void {
    if (this.#nextAt === this.#waiting.length) {
      this.#endsAt = undefined;
      return;
    }
    this.#start();
    // Some go on in every turn, however late it is by then.
    this.#resumeGroup();
  }

  /** A group is done: the next one is as large as fits into its time, and runs if the turn has time for it. */
  #goOn(): void {
    const now = this.#clock.now();
    const tookMs = now - this.#groupBeganAt;
    if (tookMs < groupMs.short) this.#group = Math.min(groupMax, this.#group * 2);
    else if (tookMs > groupMs.long) this.#group = Math.max(1, Math.floor(this.#group / 2));
    if (this.#endsAt !== undefined && now < this.#endsAt) this.#resumeGroup();
  }

  #resumeGroup(): void {
    if (this.#nextAt === this.#waiting.length) return;
    this.#groupBeganAt = this.#clock.now();
    const end = Math.min(this.#waiting.length, this.#nextAt + this.#group);
    while (this.#nextAt < end) {
      this.#waiting[this.#nextAt++]?.();
      if (this.#clock.now() - this.#groupBeganAt > groupMs.long) break;
    }
    if (this.#nextAt === this.#waiting.length) {
      this.#waiting = [];
      this.#nextAt = 0;
    }
    queueMicrotask(this.#afterPromises);
  }
}
