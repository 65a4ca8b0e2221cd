import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, EtcdError, LoopTurn } from "../../base/index.js";
import type { CallStatus } from "../services/status.js";
import { httpStatusOf, refusalJson, refusalLine, resultLine } from "./answers.js";
import type { GatewayPeer } from "./peer.js";

/** How long a connection may be silent before TCP keepalive probes are sent. */
export const keepAliveMs = 30_000;

/** How long the rest of a refused request is read and discarded, unless the client sends too much of it. */
const lingerMs = 1_000;
/** The most bytes to read and discard. Very many clients may be refused at once while memory is short. */
const discardedBytesMax = 64 * 1024;

/** A call over HTTP. The messages of a stream are sent as lines, each in a chunk of its own. */
export class HttpPeer implements GatewayPeer {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #gone = new AbortController();

  constructor(request: IncomingMessage, response: ServerResponse, clock: Clock) {
    this.#clock = clock;
    this.#request = request;
    this.#response = response;
    response.once("close", () => {
      if (!response.writableFinished) this.#gone.abort(new EtcdError("canceled"));
    });
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** The body of the request. Ends without an error when the client disconnects. */
  async *read(): AsyncIterable<Uint8Array> {
    try {
      // An iterator that destroys the request when it ends early would also destroy the response.
      yield* this.#request.iterator({ destroyOnReturn: false });
    } catch (error) {
      if (!this.#request.destroyed) throw error;
    } finally {
      this.#wait();
    }
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  answer(json: string): void {
    if (this.#response.headersSent) {
      this.#response.end(json);
      return;
    }
    this.#head(200, true);
    this.#send(json);
  }

  part(json: string): boolean {
    if (!this.#response.headersSent) {
      this.#head(200, true);
      this.#wait();
    }
    return this.#response.write(json);
  }

  cut(): void {
    this.#request.socket.destroy();
  }

  message(json: string): boolean {
    const response = this.#response;
    if (!response.headersSent) {
      this.#head(200, true);
      this.#wait();
    }
    return response.write(resultLine(json));
  }

  drained(): Promise<void> {
    const response = this.#response;
    if (!response.writableNeedDrain || response.closed) return Promise.resolve();
    return new Promise((resolve) => {
      const resume = (): void => {
        response.off("drain", resume).off("close", resume);
        resolve();
      };
      response.on("drain", resume).on("close", resume);
    });
  }

  end(): void {
    this.#response.end();
  }

  refuse(status: CallStatus, inStream = false): void {
    if (this.#response.headersSent) {
      this.#response.end(refusalLine(status));
      return;
    }
    this.#head(httpStatusOf(status.code), false);
    if (!this.#request.complete) this.#linger();
    this.#send(inStream ? refusalLine(status) : refusalJson(status));
  }

  /** Gives a client that is still sending a moment to read the answer. Closing at once would discard the answer. */
  #linger(): void {
    const { socket } = this.#request;
    // Otherwise Node would close the connection at once if the client sent `Connection: close`.
    this.#response.shouldKeepAlive = true;
    void this.#discard();
    const late = this.#clock.after(lingerMs, () => socket.destroy());
    this.#request.once("end", () => late.cancel());
    socket.once("close", () => late.cancel());
  }

  /**
   * Reads and drops the rest of the body in turns of the event loop, since many clients may be refused at once. What
   * comes after `discardedBytesMax` stays unread until the connection is closed.
   */
  async #discard(): Promise<void> {
    const turn = LoopTurn.of(this.#clock);
    let left = discardedBytesMax;
    try {
      for await (const chunk of this.#request.iterator({ destroyOnReturn: false })) {
        left -= chunk.length;
        if (left <= 0) return;
        await turn.pause(this.#request.socket);
      }
    } catch {
      // The client has disconnected, or was cut off because it went on sending for too long.
    }
  }

  /** Turns on TCP keepalive, so that a vanished client is noticed although a lock or watch may wait for hours. */
  #wait(): void {
    this.#request.socket.setTimeout(0).setKeepAlive(true, keepAliveMs);
  }

  #head(status: number, fromApi: boolean): void {
    this.#response.statusCode = status;
    this.#response.setHeader("Content-Type", "application/json");
    if (fromApi) this.#response.setHeader("Grpc-Metadata-Content-Type", "application/grpc");
  }

  #send(body: string): void {
    this.#response.setHeader("Content-Length", Buffer.byteLength(body));
    this.#response.end(body);
  }
}
