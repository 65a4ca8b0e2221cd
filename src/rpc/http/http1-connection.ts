import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type Clock, LoopTurn, type Timer } from "../../base/index.js";

/** How long the head of a request may take to come whole, and a connection in the middle of a request to go on. */
export const headMsMax = 60_000;

type Asked = readonly [request: IncomingMessage, response: ServerResponse];

/**
 * One connection of HTTP/1.1. Its requests are answered one after the other, in the order they came, as every server of
 * Go does it: what a client sends without waiting may not overtake what it sent before. Between requests it may be
 * silent for as long as it likes, for pools and proxies keep connections to use them again.
 */
export class Http1Connection {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #answer: (request: IncomingMessage, response: ServerResponse) => void;
  /** The first is being answered; the others wait for it. */
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
    // A connection that is new has something to ask.
    this.#deadline = clock.after(headMsMax, () => socket.destroy());
  }

  /** A request is under way, or somebody else has the connection for another protocol. */
  get busy(): boolean {
    return this.#lent || this.#asked.length > 0;
  }

  /** At least one request came whole, as far as its head. */
  get served(): boolean {
    return this.#served;
  }

  /** The head of a request has come. */
  take(request: IncomingMessage, response: ServerResponse): void {
    this.#served = true;
    this.#asked.push([request, response]);
    if (this.#asked.length === 1) this.#next();
    else this.#pause();
  }

  /** Another protocol goes on here, and ends the connection. */
  lend(): void {
    this.#lent = true;
    this.#served = true;
    this.#deadline?.cancel();
  }

  /** Ends the connection now, or with the last answer that is under way. */
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
    // The requests of many connections may come together: each is answered in a turn of the loop that has time for it.
    const turn = LoopTurn.of(this.#clock);
    if (turn.over) turn.defer(() => this.#begin(request, response));
    else this.#begin(request, response);
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    if (!response.closed) this.#answer(request, response);
  }

  /**
   * No more requests are read than those that came along: a client may not have us keep any number of them. Node goes
   * on reading behind each request that it has read, so this has the last word of the turn.
   */
  #pause(): void {
    if (this.#pausing) return;
    this.#pausing = true;
    process.nextTick(() => {
      this.#pausing = false;
      if (this.#asked.length > 1) this.#socket.pause();
    });
  }

  /** Nothing is asked: waits for the next request. */
  #rest(): void {
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#await(this.#socket.bytesRead, false);
  }

  /**
   * Looks at the connection every minute.
   *
   * @param bytesRead of the connection when it was looked at last
   * @param begun a request had begun by then, and must have come by the next look
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
