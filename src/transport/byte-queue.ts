import { assert, emptyBytes, readBE64 } from "../base/index.js";

/** Keeping a chunk shorter than this may cost more memory than its bytes. */
const smallBytes = 4096;
const smallChunksMax = 1024;

/**
 * Received bytes of a connection, which are taken out as they are needed. The queue holds received bytes only: a length
 * that is merely claimed reserves no memory, and a message that arrives in many small pieces takes no more memory than
 * one that arrives whole.
 */
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  /** Offset of the first byte in the first chunk that has not been taken. */
  #start = 0;
  #length = 0;
  /** Number of consecutive small chunks at the end of the queue. */
  #small = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.byteLength;
    this.#small = chunk.byteLength < smallBytes ? this.#small + 1 : 0;
    if (this.#small >= smallChunksMax) this.#sweep();
  }

  /** Takes the next byte; there must be one. */
  byte(): number {
    const first = this.#chunks[0];
    assert(first !== undefined, "a byte is there when it is taken");
    const value = first[this.#start] ?? 0;
    this.#skip(1);
    return value;
  }

  /** Takes eight bytes as a big-endian number; one of 2^53 or more is rounded. The bytes must be there. */
  uint64(): number {
    const first = this.#chunks[0];
    if (first === undefined || first.byteLength - this.#start < 8) return readBE64(this.take(8), 0);
    const value = readBE64(first, this.#start);
    this.#skip(8);
    return value;
  }

  /**
   * Takes the next bytes, copied into a buffer of their own: a small value that is kept would otherwise keep the whole
   * chunk in memory. The bytes must be there.
   */
  take(count: number): Uint8Array {
    assert(this.#length >= count, "bytes are there when they are taken");
    const taken = Buffer.allocUnsafeSlow(count);
    let emptied = 0;
    for (let at = 0; at < count; ) {
      const chunk = this.#chunks[emptied];
      assert(chunk !== undefined, "the chunks hold as many bytes as were counted");
      const part = chunk.subarray(this.#start, this.#start + count - at);
      taken.set(part, at);
      at += part.byteLength;
      this.#start += part.byteLength;
      if (this.#start === chunk.byteLength) {
        this.#start = 0;
        emptied++;
      }
    }
    if (emptied > 0) this.#chunks.splice(0, emptied);
    this.#length -= count;
    return taken;
  }

  /** Takes all remaining bytes, in the chunks in which they arrived. */
  rest(): readonly Uint8Array[] {
    const [first, ...others] = this.#chunks;
    if (first === undefined) return [];
    const rest = [first.subarray(this.#start), ...others];
    this.#chunks = [];
    this.#start = 0;
    this.#length = 0;
    return rest;
  }

  /** Skips bytes of the first chunk. */
  #skip(count: number): void {
    this.#start += count;
    this.#length -= count;
    if (this.#start === this.#chunks[0]?.byteLength) {
      this.#chunks.shift();
      this.#start = 0;
    }
  }

  /** Joins the small chunks at the end into one. */
  #sweep(): void {
    const small = this.#chunks.splice(-this.#small);
    if (this.#chunks.length === 0) {
      small[0] = small[0]?.subarray(this.#start) ?? emptyBytes;
      this.#start = 0;
    }
    this.#chunks.push(Buffer.concat(small));
    this.#small = 0;
  }
}
