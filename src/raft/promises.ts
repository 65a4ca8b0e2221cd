import type { Message } from "./types.js";

interface Promised {
  readonly message: Message;
  /** Where the log ended when the message was made. */
  readonly lastIndex: number;
}

/**
 * Messages that may leave once everything is stored that was in the log when they were made, in their order: one that
 * rests on little is not let out before one that rests on more.
 */
export class Promises {
  #waiting: Promised[] = [];

  get length(): number {
    return this.#waiting.length;
  }

  add(message: Message, lastIndex: number): void {
    this.#waiting.push({ message, lastIndex });
  }

  /**
   * Takes out the messages that may leave once the log is stored up to `index`.
   *
   * @param lastIndex where the log ends now: entries that a message rested on may have been cut off since, and others
   *   stand in their place
   */
  takeUpTo(index: number, lastIndex: number): Message[] {
    const kept = index >= lastIndex ? -1 : this.#waiting.findIndex((each) => each.lastIndex > index);
    const due = kept < 0 ? this.#waiting : this.#waiting.slice(0, kept);
    this.#waiting = kept < 0 ? [] : this.#waiting.slice(kept);
    return due.map(({ message }) => message);
  }
}
