import type { ReceivedMessage } from "./grpc-messages.js";

type Result = IteratorResult<ReceivedMessage, undefined>;

/** The result that tells a stream's handler that no more messages will arrive. */
export const noMoreRequests: Result = { done: true, value: undefined };

/** Queues the messages of a stream for its handler, or keeps the handler waiting for the next message. */
export class RequestQueue {
  #messages: ReceivedMessage[] = [];
  /** The position of the next message; those before it have been taken. */
  #nextAt = 0;
  #wanted: ((result: Result) => void) | undefined;

  /** The number of messages that wait for the handler. */
  get length(): number {
    return this.#messages.length - this.#nextAt;
  }

  /** Passes a message to a waiting handler. @returns false when no handler waits; `push` queues the message then */
  give(message: ReceivedMessage): boolean {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    wanted?.({ done: false, value: message });
    return wanted !== undefined;
  }

  push(message: ReceivedMessage): void {
    this.#messages.push(message);
  }

  /** Takes the oldest waiting message; undefined when there is none. */
  shift(): ReceivedMessage | undefined {
    const next = this.#messages[this.#nextAt];
    if (next === undefined) return undefined;
    this.#nextAt++;
    if (this.length === 0) this.clear();
    return next;
  }

  /** Resolves with the next message. */
  wait(): Promise<Result> {
    return new Promise((resolve) => {
      this.#wanted = resolve;
    });
  }

  /** Ends the queue: no more messages will arrive. */
  end(): void {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    wanted?.(noMoreRequests);
  }

  /** Drops the waiting messages. */
  clear(): void {
    this.#messages = [];
    this.#nextAt = 0;
  }
}
