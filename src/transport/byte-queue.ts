import { assert, emptyBytes, readBE64 } from "../base/index.js";

/** Chunks below this size may weigh less than what it takes to keep them. */
const smallBytes = 4096;
const smallChunksMax = 1024;

/**
 * Bytes as they come from a connection, taken out as they are needed. It holds what was received and nothing more:
 * a length that is only claimed reserves no memory, and a message that comes in crumbs takes no more than one that
 * comes whole.
 */
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  /** Where in the first chunk the rest begins. */
  #start = 0;
  #length = 0;
  /** Small chunks at the end, since the last that was not. */
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

  /** The next byte; there must be one. */
  byte(): number {
    const first = this.#chunks[0];
    assert(first !== undefined, "a byte is there when it is taken");
    const value = first[this.#start] ?? 0;
    this.#skip(1);
    return value;
  }

  /** Eight big-endian bytes; a number of 2^53 or more comes rounded. They must be there. */
  uint64(): number {
    const first = this.#chunks[0];
    if (first === undefined || first.byteLength - this.#start < 8) return readBE64(this.take(8), 0);
    const value = readBE64(first, this.#start);
    this.#skip(8);
    return value;
  }

  /**
   * The next bytes, copied into a buffer of their own: whoever keeps a small value would otherwise keep the whole chunk
   * it came in. They must be there.
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

  /** All that is left, as it came. */
  rest(): readonly Uint8Array[] {
    const [first, ...others] = this.#chunks;
    if (first === undefined) return [];
    const rest = [first.subarray(this.#start), ...others];
    this.#chunks = [];
    this.#start = 0;
    this.#length = 0;
    return rest;
  }

  /** Passes over bytes of the first chunk. */
  #skip(count: number): void {
    this.#start += count;
    this.#length -= count;
    if (this.#start === this.#chunks[0]?.byteLength) {
      this.#chunks.shift();
      this.#start = 0;
    }
  }

  /** Makes one chunk of the small ones. */
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
