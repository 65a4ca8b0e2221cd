import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "./clock.js";
import { LoopTurn } from "./loop-turn.js";

/** A computation in steps: it yields where a turn of the event loop may end, and returns its result. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** Limits the work that is done before other work must run. */
export interface WorkBudget {
  /** Whether the turn should end; asked after each small step, with the bytes of values that the step has read. */
  over(bytes: number): boolean;
}

/** The budget of work that must not be split. */
export const unboundedWork: WorkBudget = { over: () => false };

/** The longest turn of one of many pieces of work. */
const sharedTurnMs = 3;
/** Cost between two readings of the clock, in bytes: reading it costs as much as a little work. */
const bytesBetweenLooks = 32 * 1024;
const bytesOfStep = 1024;
/**
 * The most readings of the clock in one turn: 32,768 small steps or 32 MiB. A simulated clock stands still while code
 * runs, so time alone would not end a turn there.
 */
const looksPerTurn = 1024;

/** Splits long work into turns of a few milliseconds, between which the event loop is free. */
export class Turns implements WorkBudget {
  readonly #clock: Clock;
  readonly #turnMs: number;
  readonly #loop: LoopTurn | undefined;
  readonly #client: object;
  #end = 0;
  #untilLook = bytesBetweenLooks;
  #looksLeft = looksPerTurn;

  /**
   * @param turnMs the longest turn. By default a turn takes at most 3 ms, and shares the event loop's `LoopTurn` with
   * all other work for clients, which suits work of which any amount may be under way.
   * @param client the client that the work is for, as in `LoopTurn`; work without one waits for its own turns
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
    // A large value costs as much as many readings, although the clock is read once.
    this.#looksLeft -= 1 + Math.floor(-this.#untilLook / bytesBetweenLooks);
    this.#untilLook = bytesBetweenLooks;
    return this.#looksLeft <= 0 || this.#clock.now() >= this.#end || this.#loop?.longOver === true;
  }

  /** Lets other work run, then begins the next turn. */
  async rest(): Promise<void> {
    await (this.#loop === undefined ? nextTurn() : this.#loop.pause(this.#client, "long"));
    this.begin();
  }

  /**
   * Runs `steps`, which use this budget, in turns.
   *
   * @param between called before each further turn; when it throws, the steps stay unfinished
   */
  async run<Result>(steps: Steps<Result>, between: () => void): Promise<Result> {
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done === true) return step.value;
      await this.rest();
      between();
    }
  }
}

/** The turns of long work, as far as its steps use them. */
export type StepTurns = Pick<Turns, "over" | "rest">;

/** Runs all steps at once. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
