import type { MessageReader, ReceivedMessage } from "./grpc-messages.js";

type Result = IteratorResult<Uint8Array, undefined>;

/** The result that tells a stream's handler that no more messages will arrive. */
export const noMoreRequests: Result = { done: true, value: undefined };

/** Queues the messages of a stream for its handler, or keeps the handler waiting for the next message. */
export class RequestQueue {
  readonly #reader: MessageReader;
  #messages: ReceivedMessage[] = [];
  /** The position of the next message; those before it have been taken. */
  #nextAt = 0;
  #wanted: ((result: Result | Promise<Result>) => void) | undefined;

  /** @param reader decompresses messages, not before the handler takes them */
  constructor(reader: MessageReader) {
    this.#reader = reader;
  }

  /** The number of messages that wait for the handler. */
  get length(): number {
    return this.#messages.length - this.#nextAt;
  }

  /** Passes a message to a waiting handler. @returns false when no handler waits; `push` queues the message then */
  give(message: ReceivedMessage): boolean {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    wanted?.(this.#opened(message));
    return wanted !== undefined;
  }

  push(message: ReceivedMessage): void {
    this.#messages.push(message);
  }

  /** Takes the oldest waiting message; undefined when there is none. */
  shift(): Result | Promise<Result> | undefined {
    const next = this.#messages[this.#nextAt];
    if (next === undefined) return undefined;
    this.#nextAt++;
    if (this.length === 0) this.clear();
    return this.#opened(next);
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

  #opened(message: ReceivedMessage): Result | Promise<Result> {
    if (!message.compressed) return { done: false, value: message.bytes };
    return this.#reader.open(message).then((value) => ({ done: false, value }));
  }
}
