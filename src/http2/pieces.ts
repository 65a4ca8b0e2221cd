/** Pieces up to this size are joined while they wait: each costs far more than its bytes. */
const smallBytesMax = 8 * 1024;

/** Bytes that wait for later ones, kept in few pieces even when they arrive in many small ones. */
export class Pieces {
  #pieces: Buffer[] = [];
  #bytes = 0;

  /** Number of waiting bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  push(piece: Buffer): void {
    this.#bytes += piece.length;
    let last = alone(piece);
    for (let before = this.#pieces.at(-1); before !== undefined; before = this.#pieces.at(-1)) {
      // Only pieces of similar size are joined, so that no byte is copied often.
      if (before.length > smallBytesMax || before.length > 2 * last.length) break;
      this.#pieces.pop();
      last = Buffer.concat([before, last]);
    }
    this.#pieces.push(last);
  }

  /** Removes and returns all bytes, in one piece. */
  take(): Buffer {
    const [first = Buffer.alloc(0), ...more] = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return more.length === 0 ? first : Buffer.concat([first, ...more]);
  }
}

/** Copies a small view of a large buffer, which would otherwise stay in memory. */
function alone(piece: Buffer): Buffer {
  if (piece.length > smallBytesMax || piece.length * 4 >= piece.buffer.byteLength) return piece;
  const copy = Buffer.allocUnsafeSlow(piece.length);
  piece.copy(copy);
  return copy;
}
