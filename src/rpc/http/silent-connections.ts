import type { Socket } from "node:net";

/** The default bounds. Closing this many connections at once takes the event loop about 25 ms. */
export const silentMax = { plain: 512, secure: 256 };

/**
 * The connections of a port whose clients have not sent a request yet: neither the beginning of HTTP/2 nor the head of
 * an HTTP/1.1 request. Clients send it as soon as they are connected, so very many such connections are an attack, or
 * clients that are gone. Beyond the bound the oldest is dropped: when all of them close in the same moment, the event
 * loop handles these events in one turn.
 */
export class SilentConnections {
  readonly #sockets = new Set<Socket>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** Adds a connection, and drops the oldest one when there are too many. */
  add(socket: Socket): void {
    this.#sockets.add(socket);
    if (this.#sockets.size <= this.#max) return;
    const [oldest] = this.#sockets;
    if (oldest === undefined) return;
    this.#sockets.delete(oldest);
    oldest.destroy();
  }

  /** Removes a connection that has sent a request or is closed. */
  delete(socket: Socket): void {
    this.#sockets.delete(socket);
  }
}
