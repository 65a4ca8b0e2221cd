import type { Key } from "../base/index.js";
import { high, integer, low, words } from "./words.js";

const usualBytes = 64 * 1024;
/** A buffer that a message made larger than this is not kept for the next message. */
const keptBytesMax = 4 * 1024 * 1024;
/** Lengths from which the platform's conversions and copies are faster than a loop. */
const longText = 12;
const longBytes = 12;
/** Most bytes of a 64-bit varint, and of a tag. */
const varintBytesMax = 10;
const tagBytesMax = 5;
const doubleBytes = 8;

/** The deepest recursion while nested messages are written: some hundred short stack frames. */
const nestedCallsMax = 128;

type Write<Message> = (writer: Writer, message: Message) => void;

/**
 * Writes a message from its end to its beginning, so that each length is known when it has to be written, and nothing
 * needs to be measured first. One writer serves all messages: `finish` returns a copy.
 */
export class Writer {
  #bytes = Buffer.allocUnsafeSlow(usualBytes);
  #at = usualBytes;
  #depth = 0;
  /** Messages that are too deep for the recursion, each with the function that writes it. */
  #cuts: Map<object, (writer: Writer) => void> | undefined;
  /** The bytes of such messages that have been written. */
  #parts: Map<object, Uint8Array> | undefined;

  /** Drops whatever an earlier message that failed half-way may have left. */
  start(): this {
    this.#at = this.#bytes.length;
    this.#depth = 0;
    this.#cuts = undefined;
    this.#parts = undefined;
    return this;
  }

  finish(): Uint8Array {
    return this.finishIn(Buffer.allocUnsafe);
  }

  /** Like `finish`, into memory of the caller: `room` returns a buffer of the length that it is given. */
  finishIn(room: (length: number) => Uint8Array): Uint8Array {
    const target = room(this.#bytes.length - this.#at);
    this.#bytes.copy(target, 0, this.#at);
    if (this.#bytes.length > keptBytesMax) this.#bytes = Buffer.allocUnsafeSlow(usualBytes);
    return target;
  }

  /** Whether messages were left out because of their depth, so that only `finishCut` returns the whole message. */
  get cut(): boolean {
    return this.#cuts !== undefined;
  }

  /** Writes a message that may contain others of its type. */
  nested<Message extends object>(write: Write<Message>, message: Message): void {
    if (this.#depth === nestedCallsMax) {
      const bytes = this.#parts?.get(message);
      if (bytes !== undefined) this.#raw(bytes);
      else {
        this.#cuts ??= new Map();
        this.#cuts.set(message, (writer) => write(writer, message));
      }
      return;
    }
    this.#depth++;
    write(this, message);
    this.#depth--;
  }

  /**
   * Writes a message in parts, each as deep as the recursion may go; a part that contains another copies its bytes.
   * Every part is written twice, the first time to find the parts in it, so that the cost depends on its size, not on
   * its depth.
   */
  finishCut<Message extends object>(write: Write<Message>, message: Message): Uint8Array {
    const found = new Map<object, (writer: Writer) => void>([[message, (writer) => write(writer, message)]]);
    for (const writePart of found.values()) {
      writePart(this.start());
      for (const [inner, writeInner] of this.#cuts ?? []) {
        // Move the part behind all parts that contain it, even when it was found in another part before.
        found.delete(inner);
        found.set(inner, writeInner);
      }
    }
    const parts = new Map<object, Uint8Array>();
    let bytes: Uint8Array = new Uint8Array();
    for (const [part, writePart] of [...found].reverse()) {
      this.start().#parts = parts;
      writePart(this);
      bytes = this.finish();
      parts.set(part, bytes);
    }
    this.#parts = undefined;
    return bytes;
  }

  /** Number of bytes written so far; `close` needs it as the end of a nested message. */
  written(): number {
    return this.#bytes.length - this.#at;
  }

  close(tag: number, written: number): void {
    this.#reserve(varintBytesMax + tagBytesMax);
    this.#varint32(this.#bytes.length - this.#at - written);
    this.#tag(tag);
  }

  bool(tag: number, value: boolean): void {
    this.#reserve(1 + tagBytesMax);
    this.#bytes[--this.#at] = value ? 1 : 0;
    this.#tag(tag);
  }

  /** Writes an int32 or an enum. Negative values take ten bytes, by the rules of protobuf. */
  int32(tag: number, value: number): void {
    this.#reserve(varintBytesMax + tagBytesMax);
    if (value >= 0) this.#varint32(value);
    else this.#varint64(value | 0, -1);
    this.#tag(tag);
  }

  uint32(tag: number, value: number): void {
    this.#reserve(varintBytesMax + tagBytesMax);
    this.#varint32(value);
    this.#tag(tag);
  }

  /** Writes a 64-bit count within the safe integers. */
  int53(tag: number, value: number): void {
    this.#reserve(varintBytesMax + tagBytesMax);
    if (value >= 0 && value <= 0xffff_ffff) this.#varint32(value);
    else this.#varint64(value >>> 0, Math.floor(value / 0x1_0000_0000));
    this.#tag(tag);
  }

  /** Writes a 64-bit id, signed or unsigned. */
  int64(tag: number, value: bigint): void {
    this.#reserve(varintBytesMax + tagBytesMax);
    this.#bigint(value);
    this.#tag(tag);
  }

  double(tag: number, value: number): void {
    this.#reserve(doubleBytes + tagBytesMax);
    this.#double(value);
    this.#tag(tag);
  }

  bytes(tag: number, value: Uint8Array): void {
    const length = value.length;
    this.#reserve(length + varintBytesMax + tagBytesMax);
    this.#at -= length;
    if (length < longBytes) for (let i = 0; i < length; i++) this.#bytes[this.#at + i] = value[i] ?? 0;
    else this.#bytes.set(value, this.#at);
    this.#varint32(length);
    this.#tag(tag);
  }

  key(tag: number, value: Key): void {
    const length = value.length;
    this.#reserve(length + varintBytesMax + tagBytesMax);
    this.#at -= length;
    if (length < longText) for (let i = 0; i < length; i++) this.#bytes[this.#at + i] = value.charCodeAt(i);
    else this.#bytes.write(value, this.#at, length, "latin1");
    this.#varint32(length);
    this.#tag(tag);
  }

  string(tag: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.#reserve(length + varintBytesMax + tagBytesMax);
    this.#at -= length;
    this.#bytes.write(value, this.#at, length, "utf8");
    this.#varint32(length);
    this.#tag(tag);
  }

  /** Writes all values as one packed field. */
  packedInt32(tag: number, values: readonly number[]): void {
    const before = this.written();
    for (const value of values.toReversed()) {
      this.#reserve(varintBytesMax);
      if (value >= 0) this.#varint32(value);
      else this.#varint64(value | 0, -1);
    }
    this.close(tag, before);
  }

  /** Like `packedInt32`, for doubles. */
  packedDouble(tag: number, values: readonly number[]): void {
    const before = this.written();
    this.#reserve(values.length * doubleBytes);
    for (const value of values.toReversed()) this.#double(value);
    this.close(tag, before);
  }

  #double(value: number): void {
    this.#at -= doubleBytes;
    this.#bytes.writeDoubleLE(value, this.#at);
  }

  #raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#at -= bytes.length;
    this.#bytes.set(bytes, this.#at);
  }

  #tag(tag: number): void {
    if (tag < 0x80) this.#bytes[--this.#at] = tag;
    else this.#varint32(tag);
  }

  #bigint(value: bigint): void {
    integer[0] = value;
    const top = words[high] ?? 0;
    if (top === 0) this.#varint32(words[low] ?? 0);
    else this.#varint64(words[low] ?? 0, top);
  }

  #varint32(value: number): void {
    const bytes = this.#bytes;
    if (value < 0x80) {
      bytes[--this.#at] = value;
      return;
    }
    const size = value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
    this.#at -= size;
    let at = this.#at;
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at] = rest;
  }

  #varint64(lower: number, upper: number): void {
    const top = upper >>> 0;
    // The upper half begins with the fourth bit of the fifth byte.
    let size = 5;
    for (let rest = top >>> 3; rest > 0; rest >>>= 7) size++;
    this.#at -= size;
    const bytes = this.#bytes;
    let at = this.#at;
    let rest = lower >>> 0;
    for (let i = 0; i < 4; i++, rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at] = (rest & 0x0f) | ((top & 7) << 4);
    for (rest = top >>> 3; rest > 0; rest >>>= 7) {
      bytes[at] = (bytes[at] ?? 0) | 0x80;
      bytes[++at] = rest & 0x7f;
    }
  }

  /** Makes room before the written bytes. */
  #reserve(count: number): void {
    if (this.#at >= count) return;
    const written = this.#bytes.length - this.#at;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, written + count));
    this.#bytes.copy(grown, grown.length - written, this.#at);
    this.#bytes = grown;
    this.#at = grown.length - written;
  }
}

/** The writer of all `encode` calls. Encoding never awaits, so no two messages are written at the same time. */
export const sharedWriter = new Writer();
