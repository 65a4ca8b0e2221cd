/** How long the answer to a ping waits for other output: one to two times this. */
const roundMs = 5;

/** A connection whose ping may wait for its answer. */
export interface PingedConnection {
  roundIsOver(): void;
}

/** Ends the waits for the answers to pings, with one timer for all connections. */
export class PingRounds {
  readonly #after: (delayMs: number, run: () => void) => unknown;
  /** Connections that joined in the current round, and in the one before. */
  #joined: PingedConnection[] = [];
  #due: PingedConnection[] = [];
  #running = false;

  /** @param after calls a function once, when this time is over */
  constructor(after: (delayMs: number, run: () => void) => unknown) {
    this.#after = after;
  }

  join(connection: PingedConnection): void {
    this.#joined.push(connection);
    if (!this.#running) this.#begin();
  }

  #begin(): void {
    this.#running = true;
    this.#after(roundMs, () => this.#end());
  }

  #end(): void {
    const due = this.#due;
    this.#due = this.#joined;
    this.#joined = [];
    for (const connection of due) connection.roundIsOver();
    this.#running = false;
    if (this.#due.length > 0) this.#begin();
  }
}
