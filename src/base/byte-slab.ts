/** Small against what fills it, and large enough that few of them are made. */
const slabBytes = 64 * 1024;
/** What is longer gets a buffer of its own, so that little of a slab stays empty. */
const sharedBytesMax = 8 * 1024;

/**
 * Buffers for bytes of one kind that are given up about in the order in which they came, as a log's entries are. They
 * lie side by side in slabs of their own. In Node's pool they would lie among bytes that nobody keeps, and each could
 * hold 8 KiB in memory that nobody counts.
 */
export class ByteSlab {
  #slab: Buffer = Buffer.alloc(0);
  #used = 0;

  /** A copy of `bytes` that is safe to keep. */
  keep(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length > sharedBytesMax) return ownBytes(bytes);
    if (this.#used + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#used = 0;
    }
    const kept = this.#slab.subarray(this.#used, this.#used + length);
    kept.set(bytes);
    this.#used += length;
    return kept;
  }
}

/**
 * The same bytes, alone in their buffer: for whoever keeps them for an unknown time, and counts their length. A view of
 * a larger buffer would keep all of that.
 */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength === bytes.buffer.byteLength) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.byteLength);
  own.set(bytes);
  return own;
}
