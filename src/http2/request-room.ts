/** A stream, as far as its body is concerned. */
export interface Sender {
  /** Lets the client send more of the body, unless there is no room. */
  allowMore(): void;
}

/** What bodies that are not complete, or not taken, may hold before their streams take turns. */
const sharedBytesMax = 32 * 1024 * 1024;
/** What they may hold in all; a stream that sends more is reset. */
const heldBytesMax = 256 * 1024 * 1024;

/**
 * The memory that request bodies take up on one connection. A body is needed as a whole, so many large ones at once
 * could fill all the room there is with parts, and none would ever be complete. Beyond `sharedBytesMax`, therefore,
 * streams send no more than their windows have left; one at a time goes on to its end, in the order of asking.
 */
export class RequestRoom {
  #held = 0;
  /** The one that goes on although there is no room. */
  #favoured: Sender | undefined;
  readonly #waiting = new Set<Sender>();

  /**
   * Counts `bytes` of a request body that has arrived. @returns false when the bytes exceed the bound; they are not
   * counted then
   */
  hold(bytes: number): boolean {
    if (this.#held + bytes > heldBytesMax) return false;
    this.#held += bytes;
    return true;
  }

  /** Whether the client may send more of this body; when not, the stream is asked to allow it once there is room. */
  allows(sender: Sender): boolean {
    if (this.#held <= sharedBytesMax || this.#favoured === sender) return true;
    if (this.#favoured === undefined) {
      this.#favoured = sender;
      this.#waiting.delete(sender);
      return true;
    }
    this.#waiting.add(sender);
    return false;
  }

  /** @param whole nothing of this body is held any more */
  freed(sender: Sender, bytes: number, whole: boolean): void {
    this.#held -= bytes;
    if (whole && this.#favoured === sender) this.#favoured = undefined;
    this.#goOn();
  }

  /** The stream wants nothing any more. */
  leave(sender: Sender): void {
    this.#waiting.delete(sender);
    if (this.#favoured === sender) this.#favoured = undefined;
    this.#goOn();
  }

  #goOn(): void {
    while (this.#held <= sharedBytesMax || this.#favoured === undefined) {
      const { value: next } = this.#waiting.values().next();
      if (next === undefined) return;
      this.#waiting.delete(next);
      next.allowMore();
    }
  }
}
