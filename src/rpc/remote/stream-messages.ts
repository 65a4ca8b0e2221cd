import type { Port } from "../../threads/index.js";
import type { MessageInPieces } from "../grpc/stream.js";
import { tells } from "./kinds.js";

/** Longer pieces are not kept, since they would take memory long after they were sent. */
const keptBytesMax = 64 * 1024;

/**
 * Sends the messages of all streams of a front end. A change is often told to very many watchers, in messages that
 * differ only in their first piece. The second piece crosses once; for the other messages only the first one does.
 */
export class StreamMessages {
  readonly #port: Port;
  #last: Uint8Array | undefined;

  constructor(port: Port) {
    this.#port = port;
  }

  /** @param number the number of the call */
  send(number: number, message: Uint8Array): void {
    this.#port.post(tells.message).number(number).bytes(message);
  }

  sendPieces(number: number, { length, pieces }: MessageInPieces): void {
    const [first, second, ...more] = pieces;
    const inTwo = first !== undefined && second !== undefined && more.length === 0 && second.length <= keptBytesMax;
    if (!inTwo) {
      const out = this.#port.post(tells.message).number(number).number(length);
      for (const piece of pieces) out.raw(piece);
    } else if (second === this.#last) {
      this.#port.post(tells.samePiece).number(number).bytes(first);
    } else {
      this.#port.post(tells.twoPieces).number(number).bytes(first).bytes(second);
      this.#last = second;
    }
  }
}

/** The second piece of the last message of any stream that was sent in two pieces. */
export class LastPiece {
  bytes: Uint8Array = new Uint8Array(0);
}
