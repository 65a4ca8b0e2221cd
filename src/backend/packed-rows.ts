import type { StoredKey } from "./buckets.js";

/**
 * Changes in key order as plain bytes: a large entry makes very many small ones, which as texts and buffers would take
 * hundreds of bytes of V8's heap each. They take their own bytes outside of the heap, and eight more.
 */
export class PackedRows {
  readonly length: number;
  /** Keys and values, one after the other. */
  readonly #bytes: Buffer;
  /** For each row the end of its key, and the end of its value; 0 in place of the latter when the key is removed. */
  readonly #ends: Uint32Array;
  readonly #first: StoredKey;
  readonly #last: StoredKey;

  /** @param bytes keys and values, and `ends` their ends, as the fields have them: at least one row, no key is empty */
  constructor(bytes: Buffer, ends: Uint32Array) {
    this.length = ends.length / 2;
    this.#bytes = bytes;
    this.#ends = ends;
    this.#first = this.at(0) ?? "";
    this.#last = this.at(this.length - 1) ?? "";
  }

  /** @param order the keys of `changes` in order, at least one; no key is empty */
  static of(order: readonly StoredKey[], changes: ReadonlyMap<StoredKey, Uint8Array | null>): PackedRows {
    let length = 0;
    for (const [key, change] of changes) length += key.length + (change?.byteLength ?? 0);
    const bytes = Buffer.allocUnsafeSlow(length);
    const ends = new Uint32Array(2 * order.length);
    let end = 0;
    for (const [at, key] of order.entries()) {
      end += bytes.write(key, end, "latin1");
      ends[2 * at] = end;
      const change = changes.get(key);
      if (change == null) continue;
      bytes.set(change, end);
      end += change.byteLength;
      ends[2 * at + 1] = end;
    }
    return new PackedRows(bytes, ends);
  }

  /** Bytes of all keys and values. */
  get bytes(): number {
    return this.#bytes.byteLength;
  }

  /** The key of a row; undefined behind the last one. */
  at(row: number): StoredKey | undefined {
    return row < this.length ? this.#bytes.toString("latin1", this.#start(row), this.#ends[2 * row]) : undefined;
  }

  *rows(): Generator<readonly [StoredKey, Uint8Array | null], void, undefined> {
    for (let row = 0; row < this.length; row++) yield [this.at(row) ?? "", this.change(row)];
  }

  keyBytes(row: number): Uint8Array {
    return this.#bytes.subarray(this.#start(row), this.#ends[2 * row]);
  }

  change(row: number): Uint8Array | null {
    const end = this.#ends[2 * row + 1] ?? 0;
    return end === 0 ? null : this.#bytes.subarray(this.#ends[2 * row], end);
  }

  /** Number of bytes of a row's value; 0 when the key is removed. */
  valueLength(row: number): number {
    const end = this.#ends[2 * row + 1] ?? 0;
    return end === 0 ? 0 : end - (this.#ends[2 * row] ?? 0);
  }

  /** A row's value from its byte `from` on, as latin1 text. */
  valueText(row: number, from: number): string {
    const keyEnd = this.#ends[2 * row] ?? 0;
    return this.#bytes.toString("latin1", keyEnd + from, keyEnd + this.valueLength(row));
  }

  find(key: StoredKey): Uint8Array | null | undefined {
    if (key < this.#first || key > this.#last) return undefined;
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.at(middle) ?? "") < key) low = middle + 1;
      else high = middle;
    }
    return this.at(low) === key ? this.change(low) : undefined;
  }

  #start(row: number): number {
    if (row === 0) return 0;
    return this.#ends[2 * row - 1] || (this.#ends[2 * row - 2] ?? 0);
  }
}
