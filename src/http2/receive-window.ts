import { ConnectionError, errorCodes, initialWindowBytes } from "./frames.js";

const windowBytes = 1024 * 1024;
/** What requests that are not complete, or not taken, hold before the client may send no more of any. */
const heldBytesMax = 64 * 1024 * 1024;

/** How much a client may send on one connection, all streams together. */
export class ReceiveWindow {
  readonly #allowMore: (bytes: number) => void;
  #window = windowBytes;
  /** Allowed again, and not yet said. */
  #unsaid = 0;
  #held = 0;
  /** Came while too much was held; allowed again when less is. */
  #withheld = 0;

  /** @param allowMore tells the client */
  constructor(allowMore: (bytes: number) => void) {
    this.#allowMore = allowMore;
  }

  /** Once the connection has been greeted. */
  open(): void {
    this.#allowMore(windowBytes - initialWindowBytes);
  }

  /** @throws ConnectionError when a frame is more than was allowed */
  take(bytes: number): void {
    this.#window -= bytes;
    if (this.#window < 0) throw new ConnectionError(errorCodes.flowControl, "more than the window allows");
  }

  /** So much of what was taken is gone already. */
  allow(bytes: number): void {
    this.#unsaid += bytes;
    if (this.#unsaid < windowBytes / 2) return;
    this.#allowMore(this.#unsaid);
    this.#window += this.#unsaid;
    this.#unsaid = 0;
  }

  /** So much of what was taken stays for now: it may all the same be replaced, unless it is too much by now. */
  hold(bytes: number): void {
    this.#held += bytes;
    if (this.#held <= heldBytesMax) this.allow(bytes);
    else this.#withheld += bytes;
  }

  freed(bytes: number): void {
    this.#held -= bytes;
    if (this.#withheld === 0 || this.#held > heldBytesMax) return;
    const again = this.#withheld;
    this.#withheld = 0;
    this.allow(again);
  }
}
