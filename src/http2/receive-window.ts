import { ConnectionError, errorCodes, initialWindowBytes } from "./frames.js";

const windowBytes = 1024 * 1024;

/** How much a client may send on one connection, all streams together: what bounds a body is its stream's window. */
export class ReceiveWindow {
  readonly #allowMore: (bytes: number) => void;
  #window = windowBytes;
  /** Allowed again, and not yet said. */
  #unsaid = 0;

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

  /** Opens the window by `bytes` again, once the received bytes are counted elsewhere or gone. */
  allow(bytes: number): void {
    this.#unsaid += bytes;
    if (this.#unsaid < windowBytes / 2) return;
    this.#allowMore(this.#unsaid);
    this.#window += this.#unsaid;
    this.#unsaid = 0;
  }
}
