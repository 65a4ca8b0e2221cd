import { type Bucket, storedKey } from "./buckets.js";
import { PackedRows } from "./packed-rows.js";

/** Memory for rows when the first one comes. */
const bytesAtFirst = 4 * 1024;

/**
 * Rows that one entry adds to a bucket, for `Backend.putRows`: very many small ones, in key order. They are packed from
 * the beginning, so that none of them is an object.
 */
export class NewRows {
  readonly bucket: Bucket;
  readonly #beginning: Uint8Array;
  #bytes: Buffer = Buffer.allocUnsafeSlow(bytesAtFirst);
  #end = 0;
  #ends = new Uint32Array(bytesAtFirst / 32);
  #length = 0;
  #keyBytes = 0;
  #keyBytesMax = 0;

  constructor(bucket: Bucket) {
    this.bucket = bucket;
    this.#beginning = storedKey(bucket, new Uint8Array(0));
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes of all keys in their bucket. */
  get keyBytes(): number {
    return this.#keyBytes;
  }

  /** Bytes of the longest key in its bucket. */
  get keyBytesMax(): number {
    return this.#keyBytesMax;
  }

  /** Bytes of all values. */
  get valueBytes(): number {
    return this.#end - this.#keyBytes - this.#length * this.#beginning.length;
  }

  /** Adds a copy of a row, whose key lies behind those of all others; of `value` only the first `length` bytes. */
  add(key: Uint8Array, value: Uint8Array, length = value.length): void {
    const rowBytes = this.#beginning.length + key.length + length;
    if (this.#end + rowBytes > this.#bytes.length) this.#bytes = grown(this.#bytes, this.#end, rowBytes);
    if (2 * this.#length === this.#ends.length) {
      const before = this.#ends;
      this.#ends = new Uint32Array(2 * before.length);
      this.#ends.set(before);
    }
    this.#append(this.#beginning, this.#beginning.length);
    this.#append(key, key.length);
    this.#ends[2 * this.#length] = this.#end;
    this.#append(value, length);
    this.#ends[2 * this.#length + 1] = this.#end;
    this.#length++;
    this.#keyBytes += key.length;
    if (key.length > this.#keyBytesMax) this.#keyBytesMax = key.length;
  }

  /** Takes the rows, at least one, which get memory of their own. Others may be added then. */
  take(): PackedRows {
    const bytes = Buffer.allocUnsafeSlow(this.#end);
    this.#bytes.copy(bytes, 0, 0, this.#end);
    const ends = this.#ends.slice(0, 2 * this.#length);
    this.#end = 0;
    this.#length = 0;
    this.#keyBytes = 0;
    this.#keyBytesMax = 0;
    return new PackedRows(bytes, ends);
  }

  /** Rows are short, and a copy with a loop is faster then. */
  #append(source: Uint8Array, length: number): void {
    const target = this.#bytes;
    const end = this.#end;
    for (let at = 0; at < length; at++) target[end + at] = source[at] ?? 0;
    this.#end = end + length;
  }
}

function grown(bytes: Buffer, used: number, added: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(2 * bytes.length, used + added));
  bytes.copy(larger, 0, 0, used);
  return larger;
}
