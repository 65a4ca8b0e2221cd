import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { createWebSocketStream, type WebSocket } from "ws";
import type { CallStatus } from "../status.js";
import { refusalJson, refusalLine, resultLine } from "./answers.js";
import type { GatewayPeer } from "./peer.js";

const newLine = Buffer.from("\n");
/** Where pages put the token: a browser lets them set no header, but name protocols. */
const tokenProtocol = "Bearer";

/** A call over a websocket: each message either way is what would have been a line over HTTP. */
export class WebSocketPeer implements GatewayPeer {
  readonly #request: IncomingMessage;
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #gone = new AbortController();
  #begun = false;

  constructor(request: IncomingMessage, socket: WebSocket) {
    this.#request = request;
    this.#socket = socket;
    this.#stream = createWebSocketStream(socket, { encoding: "utf8", decodeStrings: false });
    // What is wrong with a frame ends the socket, and that is all there is to do.
    this.#stream.on("error", () => socket.terminate());
    socket.once("close", () => this.#gone.abort());
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  async *read(): AsyncIterable<Uint8Array> {
    try {
      for await (const message of this.#stream.iterator({ destroyOnReturn: false })) {
        yield Buffer.from(String(message));
        yield newLine;
      }
    } catch {
      this.#gone.abort();
    }
  }

  header(name: string): string | undefined {
    if (name === "authorization") {
      const [protocol, token] = (this.#request.headers["sec-websocket-protocol"] ?? "").split(/, */);
      if (protocol === tokenProtocol && token !== undefined) return `${protocol} ${token}`;
    }
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  answer(json: string): void {
    this.#write(json);
    this.end();
  }

  message(json: string): boolean {
    this.#begun = true;
    return this.#write(resultLine(json));
  }

  drained(): Promise<void> {
    if (!this.#stream.writableNeedDrain || this.#gone.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const resume = (): void => {
        this.#stream.off("drain", resume).off("close", resume);
        resolve();
      };
      this.#stream.on("drain", resume).on("close", resume);
    });
  }

  end(): void {
    this.#stream.end();
  }

  refuse(status: CallStatus, inStream = false): void {
    this.#write(this.#begun || inStream ? refusalLine(status) : refusalJson(status));
    this.end();
  }

  #write(line: string): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return true;
    return this.#stream.write(line.trimEnd());
  }
}

/** The one of the protocols a client offers that we speak. */
export function chosenProtocol(offered: ReadonlySet<string>): string | false {
  return offered.has(tokenProtocol) && tokenProtocol;
}
