import type { Row } from "./keys/key-rows.js";

/** A value in memory. */
export interface CachedValue {
  /** The row of its key in the index. */
  readonly row: Row;
  readonly bytes: Uint8Array;
  readonly slab: ValueSlab;
  /** The value was read since it was placed. */
  touched: boolean;
}

/** A buffer with many cached values side by side, or with one long value. */
export class ValueSlab {
  readonly bytes: Uint8Array;
  /** The buffer is for many values; each of them keeps all of it in memory. */
  readonly shared: boolean;
  /** All values that were placed, in order; some of them are no longer cached. */
  readonly values: CachedValue[] = [];
  /** Bytes of the values that are still cached. */
  usedBytes = 0;
  #filledBytes = 0;

  /** @param bytes the buffer; the value itself when the slab is not `shared` */
  constructor(bytes: Uint8Array, shared: boolean) {
    this.bytes = bytes;
    this.shared = shared;
  }

  fits(bytes: number): boolean {
    return this.#filledBytes + bytes <= this.bytes.byteLength;
  }

  /** Makes room for a value, which must fit. The caller writes the value into `bytes` of the result. */
  place(row: Row, length: number, touched: boolean): CachedValue {
    const cached = { row, bytes: this.shared ? this.#next(length) : this.bytes, slab: this, touched };
    this.values.push(cached);
    this.usedBytes += length;
    return cached;
  }

  #next(length: number): Uint8Array {
    const begin = this.#filledBytes;
    this.#filledBytes += length;
    return this.bytes.subarray(begin, this.#filledBytes);
  }
}

/**
 * Counts given-up slabs that are still in memory, because an answer, or an event that waits for a watcher, holds one of
 * their values. A slab without any such holder counts until the garbage collector finds it.
 */
export class GivenUpSlabs {
  #bytes = 0;
  readonly #collected = new FinalizationRegistry<number>((bytes) => {
    this.#bytes -= bytes;
  });

  get bytes(): number {
    return this.#bytes;
  }

  add({ bytes: { buffer } }: ValueSlab): void {
    this.#bytes += buffer.byteLength;
    this.#collected.register(buffer, buffer.byteLength);
  }
}
