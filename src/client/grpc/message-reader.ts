import { Pieces } from "../../http2/index.js";

/** Length of a message's prefix: one byte for the compression flag and four for the length. */
const prefixBytes = 5;

/** Why no further messages can be read. */
export type ReadFault = "compressed" | "refused";

/** Cuts the body of an answer into messages. It keeps only the beginning of an incomplete one. */
export class MessageReader {
  readonly #kept = new Pieces();
  /** Bytes needed before the next message, or its prefix, is complete. */
  #needed = prefixBytes;

  readonly #accept: (bytes: number) => boolean;

  /** @param accept decides whether to receive a message of this length, unless it arrived whole */
  constructor(accept: (bytes: number) => boolean = () => true) {
    this.#accept = accept;
  }

  /** Part of a message has arrived. */
  get partial(): boolean {
    return this.#kept.bytes > 0;
  }

  /**
   * Takes the next bytes and passes on the messages that they complete.
   *
   * @returns the fault of a message that is not read: it is compressed, which this client does not ask for, or it is
   *   not accepted
   */
  feed(chunk: Buffer, take: (message: Buffer) => void): ReadFault | undefined {
    let bytes = chunk;
    if (this.#kept.bytes > 0) {
      this.#kept.push(chunk);
      if (this.#kept.bytes < this.#needed) return undefined;
      bytes = this.#kept.take();
    }
    let at = 0;
    this.#needed = prefixBytes;
    while (bytes.length - at >= prefixBytes) {
      if (bytes[at] !== 0) return "compressed";
      const length = bytes.readUInt32BE(at + 1);
      const end = at + prefixBytes + length;
      if (end > bytes.length) {
        if (!this.#accept(length)) return "refused";
        this.#needed = end - at;
        break;
      }
      take(bytes.subarray(at + prefixBytes, end));
      at = end;
    }
    if (at < bytes.length) this.#kept.push(bytes.subarray(at));
    return undefined;
  }
}

export function messagePrefix(length: number): Buffer {
  const prefix = Buffer.allocUnsafe(prefixBytes);
  prefix[0] = 0;
  prefix.writeUInt32BE(length, 1);
  return prefix;
}
