/** Bytes of a slab: small compared with its total contents, and large enough that few slabs are created. */
const slabBytes = 64 * 1024;
/** Longer values get buffers of their own, so that little of a slab stays empty. */
const sharedBytesMax = 8 * 1024;

/**
 * Packs values into slabs: values of one kind that are dropped about in the order of their arrival, as a log's entries
 * are. In Node's own pool each of them might pin 8 KiB that no count includes.
 */
export class ByteSlab {
  #slab: Buffer = Buffer.alloc(0);
  #used = 0;

  /** A copy of `bytes` that is safe to keep. */
  keep(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length > sharedBytesMax) return ownBytes(bytes);
    const kept = this.take(length);
    kept.set(bytes);
    return kept;
  }

  /** Room for a value of any length, which the caller writes at once. */
  room(length: number): Buffer {
    return length > sharedBytesMax ? Buffer.allocUnsafeSlow(length) : this.take(length);
  }

  /** Room for a value, shorter than a slab, which the caller writes at once. */
  take(length: number): Buffer {
    if (this.#used + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#used = 0;
    }
    const taken = this.#slab.subarray(this.#used, this.#used + length);
    this.#used += length;
    return taken;
  }
}

/**
 * Returns the bytes in a buffer of their own, for a caller that keeps them for an unknown time and counts their length.
 * A view of a larger buffer would keep all of it in memory.
 */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength === bytes.buffer.byteLength) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.byteLength);
  own.set(bytes);
  return own;
}
