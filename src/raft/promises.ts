import type { Message } from "./types.js";

interface Promised {
  readonly message: Message;
  /** Last index of the log when the message was made. */
  readonly lastIndex: number;
}

/**
 * Messages that may be sent once everything is stored that was in the log when they were made. They keep their order: a
 * message that depends on less never overtakes one that depends on more.
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
   * Removes and returns the messages that may be sent once the log is stored up to `index`.
   *
   * @param lastIndex current end of the log: the entries that a message depends on may have been replaced by others
   * since
   */
  takeUpTo(index: number, lastIndex: number): Message[] {
    const kept = index >= lastIndex ? -1 : this.#waiting.findIndex((each) => each.lastIndex > index);
    const due = kept < 0 ? this.#waiting : this.#waiting.slice(0, kept);
    this.#waiting = kept < 0 ? [] : this.#waiting.slice(kept);
    return due.map(({ message }) => message);
  }
}
