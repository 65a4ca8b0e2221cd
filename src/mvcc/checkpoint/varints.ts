import { assert } from "../../base/index.js";

/** The most bytes of a varint of a number below 2^53. */
const varintBytesMax = 8;
/** Numbers below this fit into 28 bits, for which V8's integer operations suffice. */
const smallMax = 0x1000_0000;
const firstBytes = 64 * 1024;

/** Writes numbers and bytes one after the other, into a buffer that grows. */
export class VarintWriter {
  #bytes = Buffer.allocUnsafeSlow(firstBytes);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The bytes written since the last `clear`: a view that is valid until the next one. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
    // One large key does not hold its memory until the end.
    if (this.#bytes.length > 4 * firstBytes) this.#bytes = Buffer.allocUnsafeSlow(firstBytes);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** @param value a whole number from 0 to 2^53 */
  number(value: number): void {
    this.#reserve(varintBytesMax);
    const bytes = this.#bytes;
    let at = this.#length;
    let rest = value;
    for (; rest >= smallMax; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) + 0x80;
    for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at++] = rest;
    this.#length = at;
  }

  /** A whole number of either sign; small ones are short. */
  signed(value: number): void {
    this.number(value < 0 ? -2 * value - 1 : 2 * value);
  }

  bytes(source: Uint8Array): void {
    this.#reserve(source.length);
    this.#bytes.set(source, this.#length);
    this.#length += source.length;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#length + count));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** Reads what a `VarintWriter` wrote. */
export class VarintReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get more(): boolean {
    return this.#at < this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    assert(value !== undefined, "a block of a checkpoint holds all that was written into it");
    return value;
  }

  number(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 0x80;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  signed(): number {
    const value = this.number();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** The next bytes, a view of the same memory. */
  bytes(count: number): Uint8Array {
    const end = this.#at + count;
    assert(end <= this.#bytes.length, "a block of a checkpoint holds all that was written into it");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
