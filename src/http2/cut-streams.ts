import { errorCodes, windowBytesMax } from "./frames.js";

/** The most streams that are remembered; frames of older ones are tolerated without a check. */
const rememberedMax = 1_000;

/**
 * Streams that this side ended before the client did: frames that the client sent before may still arrive. Frames of
 * any other stream that is over break the protocol.
 */
export class CutStreams {
  /** Send window of each stream, by id. */
  #windows: Map<number, number> | undefined;
  #forgottenUpTo = 0;

  add(id: number, sendWindow: number): void {
    this.#windows ??= new Map();
    this.#windows.set(id, sendWindow);
    if (this.#windows.size <= rememberedMax) return;
    for (const oldest of this.#windows.keys()) {
      this.#windows.delete(oldest);
      this.#forgottenUpTo = Math.max(this.#forgottenUpTo, oldest);
      return;
    }
  }

  /** The client has ended the stream as well. */
  delete(id: number): void {
    this.#windows?.delete(id);
  }

  has(id: number): boolean {
    return id <= this.#forgottenUpTo || this.#windows?.has(id) === true;
  }

  /** The client widens the window of a stream that is over. @returns the error code, if that is not allowed */
  widen(id: number, bytes: number): number | undefined {
    if (bytes === 0) return errorCodes.protocol;
    const window = this.#windows?.get(id);
    if (window === undefined) return undefined;
    this.#windows?.set(id, window + bytes);
    return window + bytes > windowBytesMax ? errorCodes.flowControl : undefined;
  }
}
