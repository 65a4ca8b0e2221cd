import { assert } from "../base/index.js";

const initialBytes = 8 * 1024;
/** A buffer that has grown beyond this is replaced once it is empty, so that one long message does not keep memory. */
const keptBytesMax = 256 * 1024;
/** The head of a message: the length of what follows the length itself (32 bits, little endian), and the kind. */
export const headBytes = 5;
/** The longest message. Longer data has to be sent in parts. */
export const messageBytesMax = 1024 * 1024 * 1024;

/**
 * The messages that wait to be sent through a port, encoded in one buffer. The fields of a message are written right
 * after `begin`, in the order in which the receiver reads them.
 */
export class MessageWriter {
  #bytes: Buffer = Buffer.allocUnsafeSlow(initialBytes);
  /** Bytes before this position have been sent. */
  #from = 0;
  #at = 0;
  /** The position of the message that is being written; -1 for none. */
  #message = -1;

  /** The bytes that wait to be sent. */
  get waitingBytes(): number {
    return this.#at - this.#from;
  }

  /** Begins a message, and ends the one before it. @param kind from 0 to 255 */
  begin(kind: number): void {
    this.end();
    this.#ensure(headBytes);
    this.#message = this.#at;
    this.#bytes[this.#at + headBytes - 1] = kind;
    this.#at += headBytes;
  }

  /** Completes the message that is being written, if there is one. */
  end(): void {
    if (this.#message < 0) return;
    const length = this.#at - this.#message - 4;
    assert(length <= messageBytesMax, "a message between threads is not too long");
    this.#bytes.writeUInt32LE(length, this.#message);
    this.#message = -1;
  }

  /** Moves the oldest bytes of complete messages to `target`. @returns how many there were room for */
  moveTo(target: Uint8Array): number {
    const count = Math.min(this.waitingBytes, target.length);
    target.set(this.#bytes.subarray(this.#from, this.#from + count));
    this.#from += count;
    if (this.#from === this.#at) this.#clear();
    return count;
  }

  /** A whole number from 0. */
  number(value: number): this {
    assert(value >= 0 && value <= Number.MAX_SAFE_INTEGER, "a number in a message is whole and not negative");
    this.#ensure(8);
    let rest = value;
    while (rest > 0x7fff_ffff) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
    return this;
  }

  flag(value: boolean): this {
    this.#ensure(1);
    this.#bytes[this.#at++] = value ? 1 : 0;
    return this;
  }

  /** Any number, with a fraction or a sign. */
  double(value: number): this {
    this.#ensure(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
    return this;
  }

  /** A whole number of 64 bits, with or without a sign. */
  id(value: bigint): this {
    this.#ensure(8);
    this.#at = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#at);
    return this;
  }

  bytes(value: Uint8Array): this {
    return this.number(value.length).raw(value);
  }

  /** Bytes without their length, which the receiver has to know: the next part of what `number` has announced. */
  raw(value: Uint8Array): this {
    this.#ensure(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  /** Text with one byte for each character, such as a key or a header field. */
  latin1(value: string): this {
    this.number(value.length);
    this.#ensure(value.length);
    this.#at += this.#bytes.write(value, this.#at, "latin1");
    return this;
  }

  /** Any text. */
  text(value: string): this {
    const length = Buffer.byteLength(value);
    this.number(length);
    this.#ensure(length);
    this.#at += this.#bytes.write(value, this.#at, "utf8");
    return this;
  }

  #clear(): void {
    this.#from = 0;
    this.#at = 0;
    if (this.#bytes.length > keptBytesMax) this.#bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  #ensure(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const waiting = this.#bytes.subarray(this.#from, this.#at);
    const moved = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length, 2 * (waiting.length + count)));
    moved.set(waiting);
    this.#bytes = moved;
    this.#at -= this.#from;
    if (this.#message >= 0) this.#message -= this.#from;
    this.#from = 0;
  }
}
