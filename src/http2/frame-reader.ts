import { ConnectionError, errorCodes, frameBytesMax, frameHeaderBytes } from "./frames.js";
import { Pieces } from "./pieces.js";

/** @param payload a view, valid as long as whoever holds it wishes */
export type TakeFrame = (type: number, flags: number, stream: number, payload: Buffer) => void;

/** Cuts what comes of a connection into frames; what has come of the next one is all it keeps. */
export class FrameReader {
  readonly #take: TakeFrame;
  readonly #kept = new Pieces();
  /** So many are needed before anything can be done with them. */
  #needed = frameHeaderBytes;

  constructor(take: TakeFrame) {
    this.#take = take;
  }

  /** What it keeps of a frame that has not come whole. */
  get keptBytes(): number {
    return this.#kept.bytes;
  }

  /**
   * Hands over the frames that are complete with this.
   *
   * @param paused asked before each frame whether its taker needs a pause
   * @returns what was not looked at because of a pause; it is to be fed again
   * @throws ConnectionError for a frame that is larger than any may be, and whatever taking a frame throws
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
      if (length > frameBytesMax) throw new ConnectionError(errorCodes.frameSize, `a frame of ${length} bytes`);
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
