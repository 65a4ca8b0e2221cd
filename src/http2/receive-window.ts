import { ConnectionError, errorCodes, initialWindowBytes } from "./frames.js";

const windowBytes = 1024 * 1024;

/** The receive window of a connection, for all streams together. The window of a stream is what bounds its body. */
export class ReceiveWindow {
  readonly #allowMore: (bytes: number) => void;
  #window = windowBytes;
  /** Bytes allowed again that the client has not been told yet. */
  #unsaid = 0;

  /** @param allowMore tells the client to send more */
  constructor(allowMore: (bytes: number) => void) {
    this.#allowMore = allowMore;
  }

  /** Opens the window fully, after the connection's settings were sent. */
  open(): void {
    this.#allowMore(windowBytes - initialWindowBytes);
  }

  /** Counts a received frame. @throws ConnectionError when it exceeds the window */
  take(bytes: number): void {
    this.#window -= bytes;
    if (this.#window < 0)
      throw new ConnectionError(errorCodes.flowControl, "received more bytes than the window allows");
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
