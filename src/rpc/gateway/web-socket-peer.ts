import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { createWebSocketStream, type WebSocket } from "ws";
import { type Clock, EtcdError } from "../../base/index.js";
import type { CallStatus } from "../services/status.js";
import { refusalJson, refusalLine, resultLine } from "./answers.js";
import type { PacedFrames } from "./paced-frames.js";
import type { GatewayPeer } from "./peer.js";
import type { UnfinishedMessages } from "./unfinished-messages.js";

/** The most bytes of an answer in parts that may wait for the client before the next part is made. */
const unsentMax = 64 * 1024;
/** The close code "try again later" from the registry of RFC 6455, 7.4. */
const tryAgainLater = 1013;
/** How long a client has to close a connection for whose messages there is no memory. */
const lingerMs = 1_000;
const frameHeadBytesMax = 14;
const newLine = Buffer.from("\n");
/** The subprotocol that carries an auth token, since pages cannot set headers on websockets. */
const tokenProtocol = "Bearer";

/** A call over a websocket. Each message of it corresponds to a line over HTTP. */
export class WebSocketPeer implements GatewayPeer {
  readonly #request: IncomingMessage;
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #gone = new AbortController();
  readonly #memory: UnfinishedMessages;
  /** The bytes that have arrived and have not been read. */
  #heldBytes = 0;
  #begun = false;
  /** The unsent characters of a long answer; undefined when the answer is a single piece. */
  #unsent: number | undefined;
  #resume: () => void = () => undefined;

  /**
   * @param frames the stream that the socket reads
   * @param memory counts received bytes until their message is complete
   */
  constructor(
    request: IncomingMessage,
    socket: WebSocket,
    frames: PacedFrames,
    memory: UnfinishedMessages,
    clock: Clock,
  ) {
    this.#request = request;
    this.#socket = socket;
    this.#stream = createWebSocketStream(socket, { decodeStrings: false });
    // The library closes the socket after a protocol error. Nothing else has to be done.
    this.#stream.on("error", () => socket.terminate());
    this.#memory = memory;
    frames.on("taken", (length: number) => {
      if (memory.tryTake(length)) this.#heldBytes += length;
      else {
        // The library would go on collecting the client's message until the client closes the connection.
        frames.ignore();
        socket.close(tryAgainLater);
        const late = clock.after(lingerMs, () => socket.terminate());
        socket.once("close", () => late.cancel());
      }
    });
    socket.on("ping", ({ length }) => this.#release(length));
    socket.once("close", () => {
      this.#release(this.#heldBytes);
      this.#gone.abort(new EtcdError("canceled"));
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
      this.#gone.abort(new EtcdError("canceled"));
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

  /** Sends one fragment of the answer's message. */
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

/** Chooses one of the subprotocols that a client offers; false for none. */
export function chosenProtocol(offered: ReadonlySet<string>): string | false {
  return offered.has(tokenProtocol) && tokenProtocol;
}
