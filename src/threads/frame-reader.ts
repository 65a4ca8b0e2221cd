import { assert } from "../base/index.js";
import { MessageReader } from "./message-reader.js";
import { headBytes, lengthBytes, messageBytesMax } from "./message-writer.js";

const empty = Buffer.alloc(0);

/** Puts the messages of a port together from the pieces in which their bytes arrive. */
export class FrameReader {
  /** The bytes that have arrived, from `#at` on. */
  #bytes: Buffer = empty;
  #at = 0;
  /** The beginning of a message whose end has not arrived yet, and how much of it is filled. */
  #partial: Buffer | undefined;
  #filled = 0;
  /** Whether the length of that message is known, so that there is room for all of it. */
  #whole = false;
  readonly #reader = new MessageReader();
  /** The kind of the message that `next` has returned. */
  kind = 0;

  /** Adds bytes. All messages before them must have been taken with `next`. */
  feed(bytes: Buffer): void {
    assert(this.#at === this.#bytes.length, "messages are read before more bytes are taken");
    this.#bytes = bytes;
    this.#at = 0;
  }

  /** Whether a message has begun to arrive, and its end has not. */
  get partial(): boolean {
    return this.#partial !== undefined;
  }

  /** Makes room for the next message, which is then written to `missing`. @param length what the message begins with */
  expect(length: number): void {
    assert(length <= messageBytesMax, "a message between threads is not too long");
    this.#partial = Buffer.allocUnsafeSlow(lengthBytes + length);
    this.#filled = 0;
    this.#whole = true;
  }

  /** The room for the rest of a message that has begun to arrive; undefined while its length is not known. */
  get missing(): Buffer | undefined {
    return this.#whole ? this.#partial?.subarray(this.#filled) : undefined;
  }

  /** So many bytes were written to what was `missing`. */
  filled(count: number): void {
    this.#filled += count;
  }

  /** The next message, valid until the next call; undefined when more bytes have to arrive first. */
  next(): MessageReader | undefined {
    if (this.#partial !== undefined) return this.#complete(this.#partial);
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
    if (left >= lengthBytes) this.expect(this.#bytes.readUInt32LE(this.#at));
    else {
      this.#partial = Buffer.allocUnsafeSlow(lengthBytes);
      this.#filled = 0;
      this.#whole = false;
    }
    this.#fill();
  }

  #complete(begun: Buffer): MessageReader | undefined {
    this.#fill();
    if (!this.#whole) {
      if (this.#filled < lengthBytes) return undefined;
      this.expect(begun.readUInt32LE(0));
      this.#partial?.set(begun);
      this.#filled = lengthBytes;
      this.#fill();
    }
    const partial = this.#partial ?? empty;
    if (this.#filled < partial.length) return undefined;
    this.#partial = undefined;
    this.#whole = false;
    return this.#read(partial, 0, partial.length);
  }

  /** Copies arrived bytes into the message that is not complete. */
  #fill(): void {
    const partial = this.#partial ?? empty;
    const piece = this.#bytes.subarray(this.#at, this.#at + partial.length - this.#filled);
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
