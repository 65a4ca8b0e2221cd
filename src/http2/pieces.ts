/** Pieces up to this size are put together while they wait: each costs far more than its bytes. */
const smallBytesMax = 8 * 1024;

/** Bytes that wait for those that come after them: in few pieces, however small the pieces were that came. */
export class Pieces {
  #pieces: Buffer[] = [];
  #bytes = 0;

  /** How many wait. */
  get bytes(): number {
    return this.#bytes;
  }

  push(piece: Buffer): void {
    this.#bytes += piece.length;
    let last = alone(piece);
    for (let before = this.#pieces.at(-1); before !== undefined; before = this.#pieces.at(-1)) {
      // Like grows with like, so that no byte is copied often.
      if (before.length > smallBytesMax || before.length > 2 * last.length) break;
      this.#pieces.pop();
      last = Buffer.concat([before, last]);
    }
    this.#pieces.push(last);
  }

  /** All of them, in one piece; none waits after that. */
  take(): Buffer {
    const [first = Buffer.alloc(0), ...more] = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return more.length === 0 ? first : Buffer.concat([first, ...more]);
  }
}

/** A small view of something large would keep all of it. */
function alone(piece: Buffer): Buffer {
  if (piece.length > smallBytesMax || piece.length * 4 >= piece.buffer.byteLength) return piece;
  const copy = Buffer.allocUnsafeSlow(piece.length);
  piece.copy(copy);
  return copy;
}
