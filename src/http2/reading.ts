import type { Duplex } from "node:stream";

/**
 * Controls reading from a connection. Several parts may each pause it; reading resumes when none of them does any more.
 */
export class Reading {
  readonly #socket: Duplex;
  #pauses = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** Pauses reading until `resume` has been called once for this call. */
  pause(): void {
    if (this.#pauses++ === 0) this.#socket.pause();
  }

  resume(): void {
    if (--this.#pauses === 0) this.#socket.resume();
  }
}
