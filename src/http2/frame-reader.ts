import { ConnectionError, errorCodes, frameBytesMax, frameHeaderBytes } from "./frames.js";
import { Pieces } from "./pieces.js";

/** @param payload a view, which stays valid as long as it is used */
export type TakeFrame = (type: number, flags: number, stream: number, payload: Buffer) => void;

/** Splits the bytes of a connection into frames; it keeps only the bytes of an incomplete frame. */
export class FrameReader {
  readonly #take: TakeFrame;
  readonly #kept = new Pieces();
  /** Bytes needed before the next frame can be read. */
  #needed = frameHeaderBytes;

  constructor(take: TakeFrame) {
    this.#take = take;
  }

  /** Bytes of an incomplete frame. */
  get keptBytes(): number {
    return this.#kept.bytes;
  }

  /**
   * Delivers the frames that are complete with this chunk.
   *
   * @param paused asked before each frame whether to pause
   * @returns the bytes that a pause left over; they must be fed again
   * @throws ConnectionError for a frame that is too large, and whatever taking a frame throws
   */
  feed(chunk: Buffer, paused: () => boolean): Buffer | undefined {
    let bytes = chunk;
    if (this.#kept.bytes > 0) {
      this.#kept.push(chunk);
      if (this.#kept.bytes < this.#needed) return undefined;
      bytes = this.#kept.take();
    }
    let at = 0;
    this.#needed = frameHeaderBytes;
    while (bytes.length - at >= frameHeaderBytes) {
      const length = bytes.readUIntBE(at, 3);
      if (length > frameBytesMax)
        throw new ConnectionError(errorCodes.frameSize, `a frame of ${length} bytes is too long`);
      const end = at + frameHeaderBytes + length;
      if (end > bytes.length) {
        this.#needed = end - at;
        break;
      }
      if (paused()) return bytes.subarray(at);
      const stream = bytes.readUInt32BE(at + 5) & 0x7fffffff;
      this.#take(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, stream, bytes.subarray(at + frameHeaderBytes, end));
      at = end;
    }
    if (at < bytes.length) this.#kept.push(bytes.subarray(at));
    return undefined;
  }
}
