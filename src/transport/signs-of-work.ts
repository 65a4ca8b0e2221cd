import type { ServerResponse } from "node:http";
import type { Clock, Timer } from "../base/index.js";

/** The time between two signs: a small part of the time for which a sender waits for one. */
const signMs = 10_000;

/**
 * Tells the sender of a snapshot that its receiver goes on working, by answers of status 102 before the real one. A
 * large database takes longer to check and to sync than a sender waits for an answer.
 */
export class SignsOfWork {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  #worked = false;
  #timer: Timer | undefined;

  /** @param wanted whether the sender knows these signs; others get none */
  constructor(response: ServerResponse, clock: Clock, wanted: boolean) {
    this.#response = response;
    this.#clock = clock;
    if (wanted) this.#wait();
  }

  /** The work has got further. */
  add(): void {
    this.#worked = true;
  }

  end(): void {
    this.#timer?.cancel();
  }

  #wait(): void {
    this.#timer = this.#clock.after(signMs, () => {
      if (this.#worked && !this.#response.headersSent && !this.#response.destroyed) this.#response.writeProcessing();
      this.#worked = false;
      this.#wait();
    });
  }
}
