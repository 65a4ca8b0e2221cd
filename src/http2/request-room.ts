/** The part of a stream that concerns its body. */
export interface Sender {
  /** Lets the client send more of the body, unless there is no room. */
  allowMore(): void;
}

/** The most bytes of incomplete or untaken bodies before their streams have to take turns. */
const sharedBytesMax = 32 * 1024 * 1024;
/** The most bytes of such bodies at all; a stream that sends more is reset. */
const heldBytesMax = 256 * 1024 * 1024;

/**
 * The memory of request bodies on one connection. A body is only useful when complete, so many large ones at once could
 * fill all the memory with parts, and none would ever be complete. Therefore, beyond `sharedBytesMax`, streams may only
 * send what their windows still allow, and one at a time may send its whole body, in the order of asking.
 */
export class RequestRoom {
  #held = 0;
  /** The stream that may send its whole body although there is no room. */
  #favoured: Sender | undefined;
  /** Streams that wait for room; there are none on most connections. */
  #waiting: Set<Sender> | undefined;

  /**
   * Counts `bytes` of a request body that has arrived. @returns false when the bytes exceed the bound; they are not
   * counted then
   */
  hold(bytes: number): boolean {
    if (this.#held + bytes > heldBytesMax) return false;
    this.#held += bytes;
    return true;
  }

  /** Whether the client may send more of this body; if not, `sender.allowMore` is called once there is room. */
  allows(sender: Sender): boolean {
    if (this.#held <= sharedBytesMax || this.#favoured === sender) return true;
    if (this.#favoured === undefined) {
      this.#favoured = sender;
      this.#waiting?.delete(sender);
      return true;
    }
    this.#waiting ??= new Set();
    this.#waiting.add(sender);
    return false;
  }

  /** @param whole no byte of this body is held any more */
  freed(sender: Sender, bytes: number, whole: boolean): void {
    this.#held -= bytes;
    if (whole && this.#favoured === sender) this.#favoured = undefined;
    this.#goOn();
  }

  /** The stream sends nothing more. */
  leave(sender: Sender): void {
    this.#waiting?.delete(sender);
    if (this.#favoured === sender) this.#favoured = undefined;
    this.#goOn();
  }

  #goOn(): void {
    if (this.#waiting === undefined) return;
    while (this.#held <= sharedBytesMax || this.#favoured === undefined) {
      const { value: next } = this.#waiting.values().next();
      if (next === undefined) return;
      this.#waiting.delete(next);
      next.allowMore();
    }
  }
}
