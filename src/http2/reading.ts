import type { Duplex } from "node:stream";

/** Whether a connection is read. Several parts may each want a pause; it goes on when none of them does any more. */
export class Reading {
  readonly #socket: Duplex;
  #pauses = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** Reads nothing more until `resume` has been called once for this. */
  pause(): void {
    if (this.#pauses++ === 0) this.#socket.pause();
  }

  resume(): void {
    if (--this.#pauses === 0) this.#socket.resume();
  }
}
