import {
  type ClientRequest,
  createServer,
  type Server as HttpServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { Duplex } from "node:stream";
import type { Clock, Timer } from "../../base/index.js";
import { errorCodes, type Field, type FieldList, type Http2Stream, type StreamListener } from "../../http2/index.js";
import { fieldOf, metadataBytesMax } from "../grpc/grpc-head.js";
import type { HttpListener } from "./http-answer.js";
import { type SocketOrigin, socketPair } from "./memory-socket.js";

/** The most unsent bytes for a client. Beyond them the answer is not read any further. */
const unsentBytesMax = 64 * 1024;
/** Fields that are not copied: they concern a single connection, or are set again for the next. */
const notPassedOn: ReadonlySet<string> = new Set([
  ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"],
  ...["content-length", "expect", "host", "te", "http2-settings"],
]);
const notAnswered: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade"]);
const nothing = new Uint8Array(0);
/** The memory of a request: a connection within the process, with Node's HTTP at both ends. */
const bridgedBytes = 64 * 1024;
/** The bound of a request's head in HTTP/1.1 form, including the lines that are added here. */
const headBytesMax = metadataBytesMax + 1_024;
/**
 * How long a client may go on sending its request after the whole answer. A reset together with the end of the answer
 * would make clients discard the answer.
 */
const lingerMs = 1_000;

/**
 * Passes HTTP requests that arrive over HTTP/2 to the HTTP/1.1 handlers. Each request gets a connection within this
 * process, which is read as fast as the client reads the answer.
 */
export class HttpBridge {
  readonly #server: HttpServer;
  readonly #clock: Clock;
  /** The streams of open connections, by the server's end of the connection. */
  readonly #streams = new WeakMap<Duplex, Http2Stream>();

  constructor(listener: HttpListener, clock: Clock) {
    this.#clock = clock;
    this.#server = createServer({ maxHeaderSize: headBytesMax }, (request, response) => {
      void this.#answer(listener, request, response);
    });
  }

  /** A stream keeps its place until work on its answer has ended, even if the client has disconnected. */
  async #answer(listener: HttpListener, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const stream = this.#streams.get(request.socket);
    stream?.occupy();
    try {
      await listener(request, response);
    } finally {
      stream?.vacate();
    }
  }

  /**
   * Accepts a request.
   *
   * @param origin the connection that the stream belongs to
   * @returns undefined when the request was refused
   */
  accept(stream: Http2Stream, head: FieldList, origin: SocketOrigin): StreamListener | undefined {
    const method = fieldOf(head, ":method") ?? "";
    const path = fieldOf(head, ":path") ?? "";
    if (head.tooLong) return refuse(stream, "431");
    if (method === "CONNECT" || !/^[\x21-\x7e]+$/.test(path) || !/^[/*]/.test(path)) return refuse(stream, "400");
    if (!/^[A-Z]+$/.test(method)) return refuse(stream, "400");
    if (!stream.charge(bridgedBytes)) {
      // This code tells the client that the request was not processed and may be repeated (RFC 9113, 8.7).
      stream.reset(errorCodes.refusedStream);
      return undefined;
    }
    const [near, far] = socketPair(origin);
    this.#streams.set(near, stream);
    this.#server.emit("connection", near);
    const headers = headersOf(head, stream.remoteEnded);
    const request = httpRequest({ method, path, headers, createConnection: () => far });
    return new BridgedRequest(stream, request, this.#clock);
  }
}

class BridgedRequest implements StreamListener {
  readonly #stream: Http2Stream;
  readonly #request: ClientRequest;
  readonly #clock: Clock;
  /** Set when the answer is complete while the request is still being sent. */
  #lingering: Timer | undefined;
  #response: IncomingMessage | undefined;

  constructor(stream: Http2Stream, request: ClientRequest, clock: Clock) {
    this.#clock = clock;
    this.#stream = stream;
    this.#request = request;
    request.on("response", (response) => this.#respond(response));
    request.on("error", () => {
      if (this.#lingering === undefined) stream.reset(errorCodes.internal);
    });
    request.flushHeaders();
  }

  data(chunk: Buffer): void {
    this.#request.write(chunk, () => {
      this.#stream.allow(chunk.length);
      this.#stream.free(chunk.length);
    });
  }

  overloaded(): void {
    if (this.#response === undefined) refuse(this.#stream, "503");
    this.#request.destroy();
  }

  halfClosed(): void {
    this.#request.end();
    if (this.#lingering !== undefined) this.#end();
  }

  drain(): void {
    if (this.#stream.unsentBytes < unsentBytesMax) this.#response?.resume();
  }

  closed(): void {
    this.#lingering?.cancel();
    this.#request.destroy();
  }

  #respond(response: IncomingMessage): void {
    const stream = this.#stream;
    this.#response = response;
    stream.respond([{ name: ":status", value: String(response.statusCode) }, ...fieldsOf(response.rawHeaders)]);
    response.on("data", (chunk: Buffer) => {
      stream.write(nothing, chunk);
      if (stream.unsentBytes >= unsentBytesMax) response.pause();
    });
    response.on("end", () => {
      if (stream.remoteEnded) this.#end();
      else this.#lingering = this.#clock.after(lingerMs, () => this.#end());
    });
    response.on("error", () => stream.reset(errorCodes.internal));
  }

  #end(): void {
    this.#lingering?.cancel();
    this.#stream.end([]);
    this.#request.destroy();
  }
}

function refuse(stream: Http2Stream, status: string): undefined {
  stream.end([{ name: ":status", value: status }]);
  return undefined;
}

/** The headers as alternating names and values. */
function headersOf(head: FieldList, ended: boolean): string[] {
  const host = fieldOf(head, ":authority") ?? fieldOf(head, "host") ?? "";
  const headers = ["host", host];
  for (const { name, value } of head.fields) {
    if (!name.startsWith(":") && !notPassedOn.has(name)) headers.push(name, value);
  }
  // The body is sent chunked, whatever its content-length says, since its length is not verified yet.
  return ended ? [...headers, "content-length", "0"] : [...headers, "transfer-encoding", "chunked"];
}

function fieldsOf(rawHeaders: readonly string[]): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? "").toLowerCase();
    if (!notAnswered.has(name)) fields.push({ name, value: rawHeaders[at + 1] ?? "" });
  }
  return fields;
}
