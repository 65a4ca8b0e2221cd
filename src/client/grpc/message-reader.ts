import { Pieces } from "../../http2/index.js";

/** Length of a message's prefix: one byte for the compression flag and four for the length. */
const prefixBytes = 5;

/** Cuts the body of an answer into messages. It keeps only the beginning of an incomplete one. */
export class MessageReader {
  readonly #kept = new Pieces();
  /** Bytes needed before the next message, or its prefix, is complete. */
  #needed = prefixBytes;

  /** Part of a message has arrived. */
  get partial(): boolean {
    return this.#kept.bytes > 0;
  }

  /**
   * Takes the next bytes and passes on the messages that they complete.
   *
   * @returns false for a compressed message, which this client does not ask for
   */
  feed(chunk: Buffer, take: (message: Buffer) => void): boolean {
    let bytes = chunk;
    if (this.#kept.bytes > 0) {
      this.#kept.push(chunk);
      if (this.#kept.bytes < this.#needed) return true;
      bytes = this.#kept.take();
    }
    let at = 0;
    this.#needed = prefixBytes;
    while (bytes.length - at >= prefixBytes) {
      if (bytes[at] !== 0) return false;
      const end = at + prefixBytes + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) {
        this.#needed = end - at;
        break;
      }
      take(bytes.subarray(at + prefixBytes, end));
      at = end;
    }
    if (at < bytes.length) this.#kept.push(bytes.subarray(at));
    return true;
  }
}

export function messagePrefix(length: number): Buffer {
  const prefix = Buffer.allocUnsafe(prefixBytes);
  prefix[0] = 0;
  prefix.writeUInt32BE(length, 1);
  return prefix;
}
