import { emptyBytes, type Key } from "../base/index.js";
import { type FieldNumbers, nestingMax, TooManyParts, WireError } from "./malformed.js";
import { high, integer, low, words } from "./words.js";

/** Length from which the platform's conversion is faster than a loop over characters. */
const longText = 8;
const doubleBytes = 8;

/** A nested message that is read after those around it. */
interface Postponed {
  readonly start: number;
  readonly end: number;
  /** Depth of the message, itself included. */
  readonly depth: number;
  /** Reads the message; the reader is at its first field then. */
  readonly read: () => void;
}

/**
 * Reads the fields of a message one after the other. It only returns bytes that are there: claimed lengths are checked.
 */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  #end: number;
  readonly #nestingMax: number;
  readonly #partsMax: number;
  #partsLeft: number;
  #depth = 1;
  #postponed: Postponed[] | undefined;
  // The last varint, in halves.
  #low = 0;
  #high = 0;

  /**
   * @param deepest the deepest nesting of messages; Infinity for bytes that must be readable
   * @param partsMax the most messages, texts, byte strings and numbers of lists; each may cost many times the bytes
   *   that it takes on the wire
   */
  constructor(bytes: Uint8Array, deepest = nestingMax, partsMax = Number.POSITIVE_INFINITY) {
    this.#nestingMax = deepest;
    this.#partsMax = partsMax;
    this.#partsLeft = partsMax;
    this.#bytes = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.byteLength;
  }

  /** Whether there is another field in this message. */
  more(): boolean {
    return this.#at < this.#end;
  }

  /** Number of bytes read so far. */
  get position(): number {
    return this.#at;
  }

  /** The number and wire type of the next field, as one number. */
  tag(): number {
    const byte = this.#bytes[this.#at] ?? 0;
    if (byte >= 8 && byte < 0x80 && this.#at < this.#end) {
      this.#at++;
      return byte;
    }
    this.#varint();
    if (this.#high !== 0 || this.#low >>> 3 === 0) throw this.#malformed("an illegal field number");
    return this.#low >>> 0;
  }

  /** Enters a message field; returns the value that `close` needs to leave it. */
  open(): number {
    const length = this.#length();
    this.countPart();
    this.#deepen();
    const outer = this.#end;
    this.#end = this.#at + length;
    return outer;
  }

  close(outer: number): void {
    this.#depth--;
    this.#end = outer;
  }

  /**
   * Skips a message field for now.
   *
   * @param read called by `readPostponed`, with the reader at the message's first field
   */
  postpone(read: () => void): void {
    const length = this.#length();
    this.countPart();
    this.#deepen();
    const start = this.#at;
    this.#at += length;
    this.#postponed ??= [];
    this.#postponed.push({ start, end: this.#at, depth: this.#depth--, read });
  }

  /** Reads the postponed messages, and those inside them, in a loop, so that no depth exhausts the stack. */
  readPostponed(): void {
    for (let next = this.#postponed?.pop(); next !== undefined; next = this.#postponed?.pop()) {
      this.#at = next.start;
      this.#end = next.end;
      this.#depth = next.depth;
      next.read();
    }
  }

  bool(): boolean {
    this.#varint();
    return (this.#low | this.#high) !== 0;
  }

  /** Reads an int32 or an enum; a longer value is cut to its low half, as in every implementation. */
  int32(): number {
    const byte = this.#bytes[this.#at] ?? 0x80;
    if (byte < 0x80 && this.#at < this.#end) {
      this.#at++;
      return byte;
    }
    this.#varint();
    return this.#low;
  }

  uint32(): number {
    this.#varint();
    return this.#low >>> 0;
  }

  /** Reads a signed 64-bit count; a value outside the safe integers is clamped to them. */
  int53(): number {
    const byte = this.#bytes[this.#at] ?? 0x80;
    if (byte < 0x80 && this.#at < this.#end) {
      this.#at++;
      return byte;
    }
    this.#varint();
    const top = this.#high;
    if (top === 0) return this.#low >>> 0; // no arithmetic, for the reason in readBE64
    if (top >= -0x20_0000 && top < 0x20_0000) {
      const value = top * 0x1_0000_0000 + (this.#low >>> 0);
      return Math.max(value, Number.MIN_SAFE_INTEGER);
    }
    return top < 0 ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
  }

  /** Like `int53`, unsigned. */
  uint53(): number {
    const byte = this.#bytes[this.#at] ?? 0x80;
    if (byte < 0x80 && this.#at < this.#end) {
      this.#at++;
      return byte;
    }
    this.#varint();
    const top = this.#high >>> 0;
    if (top === 0) return this.#low >>> 0;
    return top < 0x20_0000 ? top * 0x1_0000_0000 + (this.#low >>> 0) : Number.MAX_SAFE_INTEGER;
  }

  /** Reads a signed 64-bit id. */
  int64(): bigint {
    this.#varint();
    if (this.#high === 0) return BigInt(this.#low >>> 0);
    if (this.#high < 0) return BigInt.asIntN(64, this.#integer());
    return this.#integer();
  }

  /** Reads an unsigned 64-bit id. */
  uint64(): bigint {
    this.#varint();
    return this.#high === 0 ? BigInt(this.#low >>> 0) : this.#integer();
  }

  double(): number {
    const start = this.#at;
    this.#advance(doubleBytes);
    return this.#bytes.readDoubleLE(start);
  }

  /** Reads bytes, as a view. */
  bytes(): Uint8Array {
    const length = this.#length();
    if (length === 0) return emptyBytes;
    this.countPart();
    const start = this.#at;
    this.#at = start + length;
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length);
  }

  key(): Key {
    const length = this.#length();
    const start = this.#at;
    this.#at = start + length;
    if (length >= longText) return this.#bytes.toString("latin1", start, this.#at);
    let key = "";
    for (let at = start; at < this.#at; at++) key += String.fromCharCode(this.#bytes[at] ?? 0);
    return key;
  }

  /** Reads text; invalid UTF-8 becomes U+FFFD. */
  string(): string {
    const length = this.#length();
    this.countPart();
    const start = this.#at;
    this.#at = start + length;
    if (length >= longText) return this.#bytes.toString("utf8", start, this.#at);
    let text = "";
    for (let at = start; at < this.#at; at++) {
      const byte = this.#bytes[at] ?? 0;
      if (byte >= 0x80) return this.#bytes.toString("utf8", start, this.#at);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** Skips a field that `fields` does not list; a listed one has the wrong wire type here. */
  skip(tag: number, fields: FieldNumbers): void {
    const number = tag >>> 3;
    if (fields.numbers.includes(number)) {
      throw this.#malformed(`wire type ${tag & 7} in field ${number} of ${fields.message}`);
    }
    this.#skipValue(tag & 7);
  }

  #skipValue(wireType: number): void {
    if (wireType === 0) this.#varint();
    else if (wireType === 1) this.#advance(8);
    else if (wireType === 2) this.#advance(this.#length());
    else if (wireType === 3) this.#skipGroup();
    else if (wireType === 5) this.#advance(4);
    else throw this.#malformed(`wire type ${wireType}`);
  }

  /** Skips a group, the predecessor of messages before proto2: fields between two tags instead of after a length. */
  #skipGroup(): void {
    const outside = this.#depth;
    this.#deepen();
    while (this.#depth > outside) {
      const wireType = this.tag() & 7;
      if (wireType === 3) this.#deepen();
      else if (wireType === 4) this.#depth--;
      else this.#skipValue(wireType);
    }
  }

  /** Counts a part that costs more than its bytes. @throws TooManyParts */
  countPart(): void {
    if (--this.#partsLeft < 0) throw new TooManyParts(this.#partsMax);
  }

  #deepen(): void {
    if (++this.#depth <= this.#nestingMax) return;
    throw this.#malformed(`more than ${this.#nestingMax} messages inside each other`);
  }

  #advance(count: number): void {
    if (count > this.#end - this.#at) throw this.#malformed("a field past the end");
    this.#at += count;
  }

  /** Reads the length of the field that follows; it never exceeds the bytes that are left. */
  #length(): number {
    let length = this.#bytes[this.#at] ?? 0x80;
    if (length < 0x80 && this.#at < this.#end) this.#at++;
    else {
      this.#varint();
      length = this.#high === 0 ? this.#low >>> 0 : Number.MAX_SAFE_INTEGER;
    }
    if (length > this.#end - this.#at) throw this.#malformed("a length past the end");
    return length;
  }

  #integer(): bigint {
    words[low] = this.#low;
    words[high] = this.#high;
    return integer[0] ?? 0n;
  }

  /**
   * Reads a varint of up to ten bytes of seven bits, the lowest first, into two signed halves; bits beyond the 64th are
   * lost.
   */
  #varint(): void {
    let lower = 0;
    let upper = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) throw this.#malformed("a varint past the end");
      const byte = this.#bytes[this.#at++] ?? 0;
      if (shift < 28) lower |= (byte & 0x7f) << shift;
      else if (shift === 28) {
        lower |= (byte & 0x7f) << 28;
        upper = (byte & 0x7f) >>> 4;
      } else upper |= (byte & 0x7f) << (shift - 32);
      if (byte < 0x80) {
        this.#low = lower;
        this.#high = upper;
        return;
      }
    }
    throw this.#malformed("a varint of more than ten bytes");
  }

  #malformed(what: string): WireError {
    return new WireError(`malformed message: ${what}, at byte ${this.#at} of ${this.#bytes.length}`);
  }
}
