import { assert } from "../base/index.js";
import { MessageReader } from "./message-reader.js";
import { headBytes, messageBytesMax } from "./message-writer.js";

const empty = Buffer.alloc(0);
const lengthBytes = 4;

/** Puts the messages of a port together from the pieces in which their bytes arrive. */
export class FrameReader {
  /** The bytes that have arrived, from `#at` on. */
  #bytes: Buffer = empty;
  #at = 0;
  /** The beginning of a message whose end has not arrived yet: room for all of it, and how much of it is filled. */
  #partial: Buffer | undefined;
  #filled = 0;
  readonly #reader = new MessageReader();
  /** The kind of the message that `next` has returned. */
  kind = 0;

  /** Adds bytes. All messages before them must have been taken with `next`. */
  feed(bytes: Buffer): void {
    assert(this.#at === this.#bytes.length, "messages are read before more bytes are taken");
    this.#bytes = bytes;
    this.#at = 0;
  }

  /** The next message, valid until the next call; undefined when more bytes have to arrive first. */
  next(): MessageReader | undefined {
    if (this.#partial !== undefined) return this.#complete();
    const left = this.#bytes.length - this.#at;
    if (left >= headBytes) {
      const end = this.#at + lengthBytes + this.#bytes.readUInt32LE(this.#at);
      if (end <= this.#bytes.length) {
        const from = this.#at;
        this.#at = end;
        return this.#read(this.#bytes, from, end);
      }
    }
    if (left > 0) this.#begin(left);
    this.#bytes = empty;
    this.#at = 0;
    return undefined;
  }

  #begin(left: number): void {
    const known = left >= lengthBytes;
    const length = known ? this.#bytes.readUInt32LE(this.#at) : 0;
    assert(length <= messageBytesMax, "a message between threads is not too long");
    this.#partial = Buffer.allocUnsafeSlow(lengthBytes + length);
    this.#filled = left;
    this.#partial.set(this.#bytes.subarray(this.#at));
  }

  #complete(): MessageReader | undefined {
    let partial = this.#partial ?? empty;
    if (this.#filled < lengthBytes) {
      this.#fill(partial, lengthBytes);
      if (this.#filled < lengthBytes) return undefined;
    }
    const whole = lengthBytes + partial.readUInt32LE(0);
    assert(whole <= lengthBytes + messageBytesMax, "a message between threads is not too long");
    if (partial.length < whole) {
      const grown = Buffer.allocUnsafeSlow(whole);
      grown.set(partial);
      partial = grown;
      this.#partial = grown;
    }
    this.#fill(partial, whole);
    if (this.#filled < whole) return undefined;
    this.#partial = undefined;
    return this.#read(partial, 0, whole);
  }

  /** Copies arrived bytes into the message until it has `end` bytes. */
  #fill(partial: Buffer, end: number): void {
    const piece = this.#bytes.subarray(this.#at, this.#at + end - this.#filled);
    partial.set(piece, this.#filled);
    this.#filled += piece.length;
    this.#at += piece.length;
  }

  #read(bytes: Buffer, from: number, end: number): MessageReader {
    this.kind = bytes[from + lengthBytes] ?? 0;
    this.#reader.reset(bytes, from + headBytes, end);
    return this.#reader;
  }
}
