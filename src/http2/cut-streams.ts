import { errorCodes, windowBytesMax } from "./frames.js";

/** Beyond so many, the oldest are given the benefit of the doubt. */
const rememberedMax = 1_000;

/**
 * Streams that this side ended before their client did: what the client had sent by then may still come. Frames on any
 * other stream that is over break the protocol.
 */
export class CutStreams {
  /** The window that the client has for what this side sends, by the stream's id. */
  readonly #windows = new Map<number, number>();
  #forgottenUpTo = 0;

  add(id: number, sendWindow: number): void {
    this.#windows.set(id, sendWindow);
    if (this.#windows.size <= rememberedMax) return;
    for (const oldest of this.#windows.keys()) {
      this.#windows.delete(oldest);
      this.#forgottenUpTo = Math.max(this.#forgottenUpTo, oldest);
      return;
    }
  }

  /** The client has ended it as well. */
  delete(id: number): void {
    this.#windows.delete(id);
  }

  has(id: number): boolean {
    return id <= this.#forgottenUpTo || this.#windows.has(id);
  }

  /** The client widens the window of a stream that is over. @returns what is wrong with that */
  widen(id: number, bytes: number): number | undefined {
    if (bytes === 0) return errorCodes.protocol;
    const window = this.#windows.get(id);
    if (window === undefined) return undefined;
    this.#windows.set(id, window + bytes);
    return window + bytes > windowBytesMax ? errorCodes.flowControl : undefined;
  }
}
