import type { IncomingMessage } from "node:http";
import type { Clock } from "../base/index.js";
import type { Message } from "../raft/index.js";
import { ByteQueue } from "./byte-queue.js";
import { PeerError } from "./dialer.js";
import { decodeMessage } from "./message-codec.js";
import { readSize } from "./stream-codec.js";

/**
 * A sender that sends nothing for this long is taken to hang. The time in which this member does not read does not
 * count.
 */
const stallMsMax = 30_000;
/** The most bytes of the message in front of a database, as in etcd 3.6.14 and 3.7.1. It is kept in memory. */
const messageBytesMax = 64 * 1024 * 1024;

/** The body of a snapshot request: the length of a message, the message, then the database. */
export class IncomingSnapshot {
  readonly #request: IncomingMessage;
  readonly #chunks: AsyncIterator<unknown>;
  readonly #clock: Clock;
  readonly #queue = new ByteQueue();
  #received = 0;

  constructor(request: IncomingMessage, clock: Clock) {
    this.#request = request;
    // The connection must stay open, since a refusal is sent over it.
    this.#chunks = request.iterator({ destroyOnReturn: false });
    this.#clock = clock;
  }

  /** Bytes received so far. */
  get received(): number {
    return this.#received;
  }

  /**
   * @throws WireError, StreamError when the body does not begin with a message; PeerError when the connection ends or
   * stalls
   */
  async message(): Promise<Message> {
    await this.#fill(8);
    const size = readSize(this.#queue, messageBytesMax);
    await this.#fill(size);
    return decodeMessage(this.#queue.take(size));
  }

  /** The bytes after the message; may be read once. */
  async *body(): AsyncGenerator<Uint8Array> {
    yield* this.#queue.rest();
    for (let chunk = await this.#next(); chunk !== undefined; chunk = await this.#next()) yield chunk;
  }

  async #fill(bytes: number): Promise<void> {
    while (this.#queue.length < bytes) {
      const chunk = await this.#next();
      if (chunk === undefined) throw new PeerError("unexpected EOF");
      this.#queue.push(chunk);
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    const stalled = this.#clock.after(stallMsMax, () =>
      this.#request.destroy(new PeerError(`the sender sent nothing for ${stallMsMax / 1000} seconds`)),
    );
    try {
      const { done, value } = await this.#chunks.next();
      if (done === true || !(value instanceof Uint8Array)) return undefined;
      this.#received += value.byteLength;
      return value;
    } finally {
      stalled.cancel();
    }
  }
}
