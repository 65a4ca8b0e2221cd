import type { IncomingMessage, ServerResponse } from "node:http";
import type { CallStatus } from "../status.js";
import { httpStatusOf, refusalJson, refusalLine, resultLine } from "./answers.js";
import type { GatewayPeer } from "./peer.js";

/** How long a connection may be silent before the system asks whether its other end is still there. */
export const keepAliveMs = 30_000;

/** A call that came as an HTTP request; the messages of a stream go as lines, each a chunk of its own. */
export class HttpPeer implements GatewayPeer {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #gone = new AbortController();

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    response.once("close", () => {
      if (!response.writableFinished) this.#gone.abort();
    });
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Ends without an error also when the client goes away. */
  async *read(): AsyncIterable<Uint8Array> {
    try {
      // What is left of the body is Node's: an iterator that destroys it would take the response along.
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
    this.#head(200, true);
    this.#send(json);
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

  refuse(status: CallStatus): void {
    if (this.#response.headersSent) {
      this.#response.end(refusalLine(status));
      return;
    }
    this.#head(httpStatusOf(status.code), false);
    // Of what has not come yet, nobody wants to hear.
    if (!this.#request.complete) this.#response.setHeader("Connection", "close");
    this.#send(refusalJson(status));
  }

  /** Who asked for a lock or a watch may wait for hours; the system notices when they are no longer there. */
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
