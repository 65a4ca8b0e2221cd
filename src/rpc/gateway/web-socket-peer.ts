import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { createWebSocketStream, type WebSocket } from "ws";
import type { MemoryPot } from "../../base/index.js";
import type { CallStatus } from "../services/status.js";
import { refusalJson, refusalLine, resultLine } from "./answers.js";
import type { PacedFrames } from "./paced-frames.js";
import type { GatewayPeer } from "./peer.js";

/** The most bytes of an answer in parts that may wait for the client before the next part is made. */
const unsentMax = 64 * 1024;
/** A status of websockets: the server has no room (RFC 6455, 7.4; 1013 in its registry). */
const tryAgainLater = 1013;
const frameHeadBytesMax = 14;
const newLine = Buffer.from("\n");
/** Where pages put the token: a browser lets them set no header, but name protocols. */
const tokenProtocol = "Bearer";

/** A call over a websocket: each message either way is what would have been a line over HTTP. */
export class WebSocketPeer implements GatewayPeer {
  readonly #request: IncomingMessage;
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #gone = new AbortController();
  readonly #memory: MemoryPot;
  /** Came, and was not read. */
  #heldBytes = 0;
  #begun = false;
  /** Characters of an answer in parts that have not left; undefined when the answer is one piece. */
  #unsent: number | undefined;
  #resume: () => void = () => undefined;

  /**
   * @param frames what the socket reads
   * @param memory what comes is counted there until its message is whole
   */
  constructor(request: IncomingMessage, socket: WebSocket, frames: PacedFrames, memory: MemoryPot) {
    this.#request = request;
    this.#socket = socket;
    this.#stream = createWebSocketStream(socket, { decodeStrings: false });
    // What is wrong with a frame ends the socket, and that is all there is to do.
    this.#stream.on("error", () => socket.terminate());
    this.#memory = memory;
    frames.on("taken", (length: number) => {
      if (memory.tryTake(length)) this.#heldBytes += length;
      else socket.close(tryAgainLater);
    });
    socket.on("ping", ({ length }) => this.#release(length));
    socket.once("close", () => {
      this.#release(this.#heldBytes);
      this.#gone.abort();
    });
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  async *read(): AsyncIterable<Uint8Array> {
    try {
      const messages: AsyncIterable<Buffer> = this.#stream.iterator({ destroyOnReturn: false });
      for await (const json of messages) {
        yield json;
        yield newLine;
        this.#release(json.length);
      }
    } catch {
      this.#gone.abort();
    }
  }

  #release(messageBytes: number): void {
    const bytes = Math.min(messageBytes + frameHeadBytesMax, this.#heldBytes);
    this.#heldBytes -= bytes;
    this.#memory.release(bytes);
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
    if (this.#unsent === undefined) this.#write(json);
    else this.#fragment(json, true);
    this.end();
  }

  part(json: string): boolean {
    this.#unsent ??= 0;
    this.#fragment(json, false);
    return this.#unsent < unsentMax;
  }

  cut(): void {
    this.#socket.terminate();
  }

  message(json: string): boolean {
    this.#begun = true;
    return this.#write(resultLine(json));
  }

  drained(): Promise<void> {
    if (this.#unsent !== undefined) return this.#sent();
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

  /** One piece of the message that the answer is. */
  #fragment(json: string, isLast: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#unsent = (this.#unsent ?? 0) + json.length;
    this.#socket.send(json, { fin: isLast }, () => {
      this.#unsent = (this.#unsent ?? 0) - json.length;
      this.#resume();
    });
  }

  #sent(): Promise<void> {
    if ((this.#unsent ?? 0) < unsentMax || this.#gone.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const resume = (): void => {
        this.#gone.signal.removeEventListener("abort", resume);
        resolve();
      };
      this.#resume = resume;
      this.#gone.signal.addEventListener("abort", resume);
    });
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
