import { assert } from "../base/index.js";

const initialBytes = 8 * 1024;
/** A buffer that has grown beyond this is replaced once it is empty, so that one long message does not keep memory. */
const keptBytesMax = 256 * 1024;
/**
 * Bytes from this length on are not copied into the buffer, but straight to where the messages are moved. They must not
 * be changed after they were written.
 */
const longBytesMin = 8 * 1024;
/** A message begins with the length of what follows the length itself (32 bits, little endian). */
export const lengthBytes = 4;
/** The head of a message: the length, and the kind. */
export const headBytes = lengthBytes + 1;
/** The longest message. Longer data has to be sent in parts. */
export const messageBytesMax = 1024 * 1024 * 1024;

/** Long bytes that wait beside the buffer. */
interface LongBytes {
  readonly bytes: Uint8Array;
  /** The position in the buffer before which they belong. */
  at: number;
  moved: number;
}

/**
 * The messages that wait to be sent through a port, encoded in one buffer, with long bytes beside it. The fields of a
 * message are written right after `begin`, in the order in which the receiver reads them.
 */
export class MessageWriter {
  #bytes: Buffer = Buffer.allocUnsafeSlow(initialBytes);
  /** Bytes before this position have been sent. */
  #from = 0;
  #at = 0;
  /** The position of the message that is being written; -1 for none. */
  #message = -1;
  /** The long bytes of the message that is being written. */
  #messageLongBytes = 0;
  /** The long bytes that wait, in order, and their total length. */
  readonly #long: LongBytes[] = [];
  #longBytes = 0;

  /** The bytes that wait to be sent. */
  get waitingBytes(): number {
    return this.#at - this.#from + this.#longBytes;
  }

  /** Begins a message, and ends the one before it. @param kind from 0 to 255 */
  begin(kind: number): void {
    this.end();
    this.#ensure(headBytes);
    this.#message = this.#at;
    this.#messageLongBytes = 0;
    this.#bytes[this.#at + lengthBytes] = kind;
    this.#at += headBytes;
  }

  /** Completes the message that is being written, if there is one. */
  end(): void {
    if (this.#message < 0) return;
    const length = this.#at - this.#message - lengthBytes + this.#messageLongBytes;
    assert(length <= messageBytesMax, "a message between threads is not too long");
    this.#bytes.writeUInt32LE(length, this.#message);
    this.#message = -1;
  }

  /** Moves the oldest bytes of complete messages to `target`. @returns how many there were room for */
  moveTo(target: Uint8Array): number {
    let count = 0;
    for (let long = this.#long[0]; long !== undefined; long = this.#long[0]) {
      count += this.#moveShort(target, count, long.at);
      if (this.#from < long.at) return count;
      count += this.#moveLong(target, count, long);
      if (long.moved < long.bytes.length) return count;
      this.#long.shift();
    }
    count += this.#moveShort(target, count, this.#at);
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
    if (value.length >= longBytesMin) {
      this.#long.push({ bytes: value, at: this.#at, moved: 0 });
      this.#longBytes += value.length;
      this.#messageLongBytes += value.length;
      return this;
    }
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

  /** Moves bytes of the buffer before `end`, to `target` from `at` on. */
  #moveShort(target: Uint8Array, at: number, end: number): number {
    const count = Math.min(end - this.#from, target.length - at);
    target.set(this.#bytes.subarray(this.#from, this.#from + count), at);
    this.#from += count;
    return count;
  }

  #moveLong(target: Uint8Array, at: number, long: LongBytes): number {
    const { bytes, moved } = long;
    const count = Math.min(bytes.length - moved, target.length - at);
    target.set(count < bytes.length ? bytes.subarray(moved, moved + count) : bytes, at);
    long.moved += count;
    this.#longBytes -= count;
    return count;
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
    for (const long of this.#long) long.at -= this.#from;
    this.#from = 0;
  }
}
