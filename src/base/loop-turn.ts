import type { Clock } from "./clock.js";
import { FairQueue } from "./fair-queue.js";

/** How long the work of all clients together may hold the event loop. */
const turnMs = 8;
/** Those that wait are resumed in groups that take about so long, since what they say leaves together then. */
const groupMs = { short: 1, long: 2 };
const groupMax = 16;

/** `short`: work that ends soon once it has begun. `long`: work that needs several turns, or has had some already. */
export type WorkLength = "short" | "long";

interface Waiting {
  readonly queue: FairQueue<() => void>;
  /** How many are resumed before the clock is looked at. */
  group: number;
}

/**
 * The turn of the event loop that is running. Work that clients ask for shares it: many small requests that arrive
 * together hold up timers and sockets as one large request would. A caller asks whether the turn is `over` before it
 * begins something, and if so goes on in a later turn.
 *
 * Those that wait go on client by client, so that one that asks for very much does not stand before all others. Short
 * work goes before long work, of which something goes on in every turn.
 */
export class LoopTurn {
  static readonly #turns = new WeakMap<Clock, LoopTurn>();
  readonly #clock: Clock;
  /** Undefined between turns. */
  #endsAt: number | undefined;
  readonly #short: Waiting = { queue: new FairQueue(), group: 1 };
  readonly #long: Waiting = { queue: new FairQueue(), group: 1 };
  /** Those of whom a group was resumed last. */
  #resumed = this.#short;
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

  /** Whether one that was resumed should leave the rest of the turn to others that wait. */
  get shareOver(): boolean {
    return this.#clock.now() - this.#groupBeganAt > groupMs.long || this.over;
  }

  /**
   * Calls `resume` in a later turn that has time for it.
   *
   * @param client whom the work is for: something that all work for one client shares, such as its connection. Work of
   *   the server's own, for which it is not given, counts as one client's.
   */
  defer(resume: () => void, client: object = this, length: WorkLength = "short"): void {
    (length === "short" ? this.#short : this.#long).queue.push(resume, client);
    if (this.#endsAt === undefined) this.#start();
  }

  /** Resolves in a later turn that has time; the parameters are those of `defer`. */
  pause(client?: object, length?: WorkLength): Promise<void> {
    return new Promise((resolve) => this.defer(resolve, client, length));
  }

  #start(): void {
    this.#endsAt = this.#clock.now() + turnMs;
    setImmediate(this.#beginTurn);
  }

  #begin(): void {
    if (this.#short.queue.size + this.#long.queue.size === 0) {
      this.#endsAt = undefined;
      return;
    }
    this.#start();
    // Some go on in every turn, however late it is by then, and some long work however much short work there is.
    this.#resumeGroup(this.#long.queue.size > 0 ? this.#long : this.#short);
  }

  /** A group is done: the next one is as large as fits into its time, and runs if the turn has time for it. */
  #goOn(): void {
    const now = this.#clock.now();
    const tookMs = now - this.#groupBeganAt;
    const { group } = this.#resumed;
    if (tookMs < groupMs.short) this.#resumed.group = Math.min(groupMax, group * 2);
    else if (tookMs > groupMs.long) this.#resumed.group = Math.max(1, Math.floor(group / 2));
    if (this.#endsAt === undefined || now >= this.#endsAt) return;
    this.#resumeGroup(this.#short.queue.size > 0 ? this.#short : this.#long);
  }

  #resumeGroup(waiting: Waiting): void {
    const { queue, group } = waiting;
    if (queue.size === 0) return;
    this.#resumed = waiting;
    this.#groupBeganAt = this.#clock.now();
    for (let left = group; left > 0; left--) {
      queue.take()?.();
      if (this.#clock.now() - this.#groupBeganAt > groupMs.long) break;
    }
    queueMicrotask(this.#afterPromises);
  }
}
