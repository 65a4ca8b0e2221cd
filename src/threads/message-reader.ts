import { assert } from "../base/index.js";

const empty = Buffer.alloc(0);

/**
 * A received message. Its fields are read in the order in which they were written, before the handler returns: the
 * port uses one reader for all messages. Byte strings are not copied. They stay valid, and keep in memory the buffer
 * that they arrived in, so bytes that are kept for long should be copied.
 */
export class MessageReader {
  #bytes: Buffer = empty;
  #at = 0;
  #end = 0;

  /** Turns to another message. */
  reset(bytes: Buffer, from: number, end: number): void {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
  }

  /** Whether all fields have been read. */
  get done(): boolean {
    return this.#at === this.#end;
  }

  number(): number {
    let byte = this.#byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 0x80;
    do {
      byte = this.#byte();
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
    } while (byte >= 0x80);
    return value;
  }

  flag(): boolean {
    return this.#byte() !== 0;
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#skip(8));
  }

  /** @returns the number without a sign */
  id(): bigint {
    return this.#bytes.readBigUInt64LE(this.#skip(8));
  }

  bytes(): Buffer {
    const length = this.number();
    const from = this.#skip(length);
    return this.#bytes.subarray(from, from + length);
  }

  latin1(): string {
    const length = this.number();
    const from = this.#skip(length);
    return this.#bytes.toString("latin1", from, from + length);
  }

  text(): string {
    const length = this.number();
    const from = this.#skip(length);
    return this.#bytes.toString("utf8", from, from + length);
  }

  #byte(): number {
    return this.#bytes[this.#skip(1)] ?? 0;
  }

  /** Moves on by `count` bytes. @returns the position of the first of them */
  #skip(count: number): number {
    const from = this.#at;
    this.#at += count;
    assert(this.#at <= this.#end, "a message has all the fields that its receiver reads");
    return from;
  }
}
