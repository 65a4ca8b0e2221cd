import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type Clock, LoopTurn, type Timer } from "../../base/index.js";

/** How long the head of a request may take to arrive, and how long a connection may stall within a request. */
export const headMsMax = 60_000;

type Asked = readonly [request: IncomingMessage, response: ServerResponse];

/**
 * An HTTP/1.1 connection. Its requests are answered one after the other in the order of their arrival, as in Go, so
 * that a pipelined request does not overtake the one before it. Between requests a connection may be idle for any time,
 * since pools and proxies keep connections for later use.
 */
export class Http1Connection {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #answer: (request: IncomingMessage, response: ServerResponse) => void;
  /** The requests that have arrived. The first is being answered, and the others wait. */
  readonly #asked: Asked[] = [];
  #served = false;
  #lent = false;
  #deadline: Timer | undefined;
  #pausing = false;
  #stopping = false;

  constructor(socket: Socket, clock: Clock, answer: (request: IncomingMessage, response: ServerResponse) => void) {
    this.#socket = socket;
    this.#clock = clock;
    this.#answer = answer;
    socket.once("close", () => this.#gone());
    // A new connection must send its first request in time.
    this.#deadline = clock.after(headMsMax, () => socket.destroy());
  }

  /** Whether a request is being answered, or the connection has switched to another protocol. */
  get busy(): boolean {
    return this.#lent || this.#asked.length > 0;
  }

  /** Whether the complete head of at least one request has arrived. */
  get served(): boolean {
    return this.#served;
  }

  /** Takes a request whose head has arrived. */
  take(request: IncomingMessage, response: ServerResponse): void {
    this.#served = true;
    this.#asked.push([request, response]);
    if (this.#asked.length === 1) this.#next();
    else this.#pause();
  }

  /** Gives the connection to another protocol, which closes it in the end. */
  lend(): void {
    this.#lent = true;
    this.#served = true;
    this.#deadline?.cancel();
  }

  /** Closes the connection, after the answer that is under way if there is one. */
  stop(): void {
    this.#stopping = true;
    if (!this.busy) this.#socket.destroy();
  }

  #next(): void {
    const [asked] = this.#asked;
    if (asked === undefined) return;
    const [request, response] = asked;
    this.#deadline?.cancel();
    this.#socket.setTimeout(headMsMax);
    response.once("close", () => {
      this.#asked.shift();
      if (this.#socket.destroyed) return;
      if (this.#stopping) this.#socket.end();
      else if (this.#asked.length > 0) this.#next();
      else this.#rest();
    });
    if (this.#asked.length > 1) this.#pause();
    // Requests of many connections may arrive together. Each waits for a turn of the event loop that has time left.
    const turn = LoopTurn.of(this.#clock);
    if (turn.over) turn.defer(() => this.#begin(request, response));
    else this.#begin(request, response);
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    if (!response.closed) this.#answer(request, response);
  }

  /**
   * Stops reading further pipelined requests, so that their number stays bounded. Node resumes reading after each
   * request, so this runs last in the turn of the event loop.
   */
  #pause(): void {
    if (this.#pausing) return;
    this.#pausing = true;
    process.nextTick(() => {
      this.#pausing = false;
      if (this.#asked.length > 1) this.#socket.pause();
    });
  }

  /** Waits for the next request. */
  #rest(): void {
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#await(this.#socket.bytesRead, false);
  }

  /**
   * Checks the connection every minute.
   *
   * @param bytesRead the bytes read from the connection by the last check
   * @param begun whether a request had begun by then, whose head must be complete at the next check
   */
  #await(bytesRead: number, begun: boolean): void {
    this.#deadline = this.#clock.after(headMsMax, () => {
      const now = this.#socket.bytesRead;
      if (begun) this.#socket.destroy();
      else this.#await(now, now !== bytesRead);
    });
  }

  #gone(): void {
    this.#deadline?.cancel();
    this.#asked.length = 0;
  }
}
