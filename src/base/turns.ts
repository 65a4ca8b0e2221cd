import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "./clock.js";
import { LoopTurn } from "./loop-turn.js";

/** A computation that can be cut: it yields where a turn of the event loop may end, and returns its result. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** How much may be done before others must run. */
export interface WorkBudget {
  /** Whether the turn should end; to be asked after each small step, with the bytes of values that it went through. */
  over(bytes: number): boolean;
}

/** For work that must not be cut. */
export const unboundedWork: WorkBudget = { over: () => false };

/** How long one of many pieces of work may hold the event loop. */
const sharedTurnMs = 3;
/** Looking at the time costs as much as a little work: so many small steps, or bytes, go between two looks. */
const bytesBetweenLooks = 32 * 1024;
const bytesOfStep = 1024;
/**
 * Most looks of one turn: 32,768 small steps or 32 MiB. A simulated clock stands still while code runs, so time alone
 * would not end a turn there.
 */
const looksPerTurn = 1024;

/** Cuts long work into turns of a few milliseconds, with the event loop free in between. */
export class Turns implements WorkBudget {
  readonly #clock: Clock;
  readonly #turnMs: number;
  readonly #loop: LoopTurn | undefined;
  readonly #client: object;
  #end = 0;
  #untilLook = bytesBetweenLooks;
  #looksLeft = looksPerTurn;

  /**
   * @param turnMs how long a turn may take. Unless it is given, a turn takes 3 ms at most, and shares the event loop's
   *   `LoopTurn` with all other work for clients: that suits work of which any amount may be under way.
   * @param client whom the work is for, as `LoopTurn` takes it; work that is nobody's waits for its turns by itself
   */
  constructor(clock: Clock, turnMs?: number, client?: object) {
    this.#clock = clock;
    this.#turnMs = turnMs ?? sharedTurnMs;
    this.#loop = turnMs === undefined ? LoopTurn.of(clock) : undefined;
    this.#client = client ?? this;
    this.begin();
  }

  /** Begins a turn. */
  begin(): void {
    this.#end = this.#clock.now() + this.#turnMs;
    this.#looksLeft = looksPerTurn;
  }

  over(bytes: number): boolean {
    this.#untilLook -= bytesOfStep + bytes;
    if (this.#untilLook > 0) return false;
    // A large value is worth many looks, though the clock is read once.
    this.#looksLeft -= 1 + Math.floor(-this.#untilLook / bytesBetweenLooks);
    this.#untilLook = bytesBetweenLooks;
    return this.#looksLeft <= 0 || this.#clock.now() >= this.#end || this.#loop?.over === true;
  }

  /** Lets others run, then begins the next turn. */
  async rest(): Promise<void> {
    await (this.#loop === undefined ? nextTurn() : this.#loop.pause(this.#client, "long"));
    this.begin();
  }

  /**
   * Carries out `steps`, which ask this budget, in turns.
   *
   * @param between called before each further turn; when it throws, the steps are left as they are, unfinished
   */
  async run<Result>(steps: Steps<Result>, between: () => void): Promise<Result> {
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done === true) return step.value;
      await this.rest();
      between();
    }
  }
}

/** Carries out all steps at once. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
