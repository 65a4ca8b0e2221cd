import type { LoopTurn } from "../../base/index.js";
import type { ReceivedMessage } from "./grpc-messages.js";
import type { StreamSession } from "./stream-session.js";

/** The call that the messages belong to. */
export interface RequestsOwner {
  readonly cancelled: boolean;
  readonly client: object;
  readonly turn: LoopTurn;
  /** Decompresses a message, not before the session takes it. */
  decompressed(message: ReceivedMessage): Promise<Uint8Array>;
  /** A queued message was taken. */
  requestTaken(): void;
}

/** The messages of a stream on their way to its session, which asks for them one by one. */
export class StreamRequests {
  readonly #owner: RequestsOwner;
  #session: StreamSession<Uint8Array> | undefined;
  /** The messages that the session has not asked for; undefined while there are none. */
  #messages: ReceivedMessage[] | undefined;
  /** The position of the next message; those before it have been taken. */
  #nextAt = 0;
  /** Whether the session waits for a message. */
  #asked = false;
  #delivering = false;
  #ended = false;

  constructor(owner: RequestsOwner) {
    this.#owner = owner;
  }

  /** The number of messages that wait for the session. */
  get length(): number {
    return this.#messages === undefined ? 0 : this.#messages.length - this.#nextAt;
  }

  /** From now on the messages are this session's. */
  enter(session: StreamSession<Uint8Array>): void {
    this.#session = session;
  }

  /** The session is over. */
  leave(): void {
    this.#session = undefined;
  }

  /** Passes a message to a waiting session. @returns false when it has to be queued with `push` */
  pass(message: ReceivedMessage): boolean {
    if (!this.#asked || this.length > 0 || this.#owner.turn.over) return false;
    this.#give(message);
    return true;
  }

  push(message: ReceivedMessage): void {
    this.#messages ??= [];
    this.#messages.push(message);
    this.#deliver();
  }

  /** The session asks for the next message. */
  next(): void {
    this.#asked = true;
    this.#deliver();
  }

  /** No more messages will arrive. */
  end(): void {
    this.#ended = true;
    this.#deliver();
  }

  /** Tells the session that the call is cancelled, and drops the waiting messages. @returns how many these were */
  cancel(): number {
    const dropped = this.length;
    this.#messages = undefined;
    this.#nextAt = 0;
    this.#session?.cancelled();
    return dropped;
  }

  /** Passes on what the session has asked for. A loop, since the session may ask again while it is called. */
  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      while (this.#asked) {
        const message = this.#take();
        if (message === undefined) break;
        const { turn, client } = this.#owner;
        if (turn.over) {
          // A client may send very many small messages, which must not all be handled in one turn of the loop.
          this.#asked = false;
          turn.defer(() => this.#give(message), client);
        } else this.#give(message);
      }
      if (!this.#asked || (!this.#ended && !this.#owner.cancelled)) return;
      this.#asked = false;
      this.#session?.noMoreMessages();
    } finally {
      this.#delivering = false;
    }
  }

  /** The oldest waiting message. */
  #take(): ReceivedMessage | undefined {
    const message = this.#messages?.[this.#nextAt];
    if (message === undefined) return undefined;
    this.#nextAt++;
    if (this.length === 0) {
      this.#messages = undefined;
      this.#nextAt = 0;
    }
    this.#owner.requestTaken();
    return message;
  }

  #give(message: ReceivedMessage): void {
    this.#asked = false;
    if (!message.compressed) {
      this.#session?.message(message.bytes);
      return;
    }
    this.#owner.decompressed(message).then(
      (bytes) => this.#session?.message(bytes),
      (error: unknown) => this.#session?.failed(error),
    );
  }
}
