import type { ReceivedMessage } from "./grpc-messages.js";

type Result = IteratorResult<ReceivedMessage, undefined>;

/** What a stream's handler hears once no more messages come. */
export const noMoreRequests: Result = { done: true, value: undefined };

/** Messages of a stream that its handler has not asked for, or the handler that waits for one. */
export class RequestQueue {
  #messages: ReceivedMessage[] = [];
  /** Those before it have been taken. */
  #nextAt = 0;
  #wanted: ((result: Result) => void) | undefined;

  /** Messages that wait for the handler. */
  get length(): number {
    return this.#messages.length - this.#nextAt;
  }

  /** Hands a message to the handler. @returns false when it does not wait for one: `push` keeps it */
  give(message: ReceivedMessage): boolean {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    wanted?.({ done: false, value: message });
    return wanted !== undefined;
  }

  push(message: ReceivedMessage): void {
    this.#messages.push(message);
  }

  /** The oldest message that waits, if there is one. */
  shift(): ReceivedMessage | undefined {
    const next = this.#messages[this.#nextAt];
    if (next === undefined) return undefined;
    this.#nextAt++;
    if (this.length === 0) this.clear();
    return next;
  }

  /** Resolves with the message that comes next. */
  wait(): Promise<Result> {
    return new Promise((resolve) => {
      this.#wanted = resolve;
    });
  }

  /** No more messages come. */
  end(): void {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    wanted?.(noMoreRequests);
  }

  /** Drops what waits. */
  clear(): void {
    this.#messages = [];
    this.#nextAt = 0;
  }
}
