import type { Port } from "../../threads/index.js";
import { tells } from "./kinds.js";

/** Longer messages are not kept, since they would take memory long after they were sent. */
const keptBytesMax = 64 * 1024;

/**
 * Sends the messages of all streams of a front end. A change is often told to very many watchers in equal messages. The
 * bytes of such a message cross once; for the other streams only their numbers do.
 */
export class StreamMessages {
  readonly #port: Port;
  #last: Uint8Array | undefined;

  constructor(port: Port) {
    this.#port = port;
  }

  /** @param number the number of the call */
  send(number: number, message: Uint8Array): void {
    if (this.#last !== undefined && isEqual(this.#last, message)) {
      this.#port.post(tells.sameMessage).number(number);
      return;
    }
    this.#port.post(tells.message).number(number).bytes(message);
    this.#last = message.length > keptBytesMax ? undefined : message;
  }

  sendPieces(number: number, length: number, pieces: readonly Uint8Array[]): void {
    const out = this.#port.post(tells.message).number(number).number(length);
    for (const piece of pieces) out.raw(piece);
    this.#last = undefined;
  }
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && Buffer.compare(one, other) === 0;
}

/** The bytes of the last message of any stream, for streams that get the same. */
export class LastMessage {
  bytes: Uint8Array = new Uint8Array(0);
}
