const kibibyte = 1024;
/** The bytes that one chunk of each open range stream should have together. */
const allBytes = 4 * 1024 * kibibyte;
/** The least wanted size of a chunk: below it the message costs more than its pairs. */
const chunkBytesMin = 64 * kibibyte;

/**
 * Divides the memory for chunks among the open range streams. Each stream holds the chunk that its client takes, so
 * that many streams get smaller chunks than a few.
 */
export class ChunkRoom {
  readonly #chunkBytesMax: number;
  #streams = 0;

  /** @param chunkBytesMax the wanted size of a chunk while there are few streams */
  constructor(chunkBytesMax: number) {
    this.#chunkBytesMax = chunkBytesMax;
  }

  /** The bytes that a chunk should have now. */
  get chunkBytes(): number {
    const share = Math.max(chunkBytesMin, Math.floor(allBytes / Math.max(1, this.#streams)));
    return Math.min(this.#chunkBytesMax, share);
  }

  /** Counts a stream. @returns a function that ends that; it may be called more than once */
  enter(): () => void {
    let inside = true;
    this.#streams++;
    return () => {
      if (inside) this.#streams--;
      inside = false;
    };
  }
}
