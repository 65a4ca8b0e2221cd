/** The longest delay of a timer in Node, in ms. */
const delayMsMax = 2 ** 31 - 1;

/** Keeps the host's process running while a member does, as a listening socket would. A member's timers do not. */
export class HostHold {
  readonly #timer = setInterval(() => undefined, delayMsMax);

  /** Lets the process end. */
  end(): void {
    clearInterval(this.#timer);
  }
}
