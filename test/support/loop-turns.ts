/** Counts the turns of the event loop, beginning with 0, until it is stopped. */
export class LoopTurns {
  #turn = 0;
  #next: NodeJS.Immediate;

  constructor() {
    const count = (): void => {
      this.#turn++;
      this.#next = setImmediate(count);
    };
    this.#next = setImmediate(count);
  }

  /** The number of the current turn. */
  get now(): number {
    return this.#turn;
  }

  stop(): void {
    clearImmediate(this.#next);
  }
}
