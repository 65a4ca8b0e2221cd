import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../../base/index.js";
import { metadataBytesMax } from "../grpc/grpc-head.js";
import type { HttpListener } from "./http-answer.js";
import { asOriginForm } from "./http-paths.js";
import { Http1Connection, headMsMax } from "./http1-connection.js";

/**
 * Takes over a connection whose client requests another protocol. `head` is what has arrived in that protocol.
 *
 * @returns false when the connection continues with HTTP, as if no other protocol had been requested
 */
export type UpgradeTaker = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;

/** Error codes of Node's parser for a first line that is not HTTP/1. Its sender would not understand an answer. */
const foreign: ReadonlySet<string> = new Set([
  ...["HPE_INVALID_METHOD", "HPE_INVALID_CONSTANT", "HPE_INVALID_VERSION", "HPE_INVALID_URL"],
]);
const refusals: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
};

/** Serves HTTP/1.1 on connections that a `SharedPort` has accepted. */
export class Http1Server {
  readonly #clock: Clock;
  readonly #listener: HttpListener;
  readonly #onRequest: (socket: Socket) => void;
  readonly #server: HttpServer;
  readonly #connections = new Map<Duplex, Http1Connection>();

  /** @param onRequest called with the connection of each request whose head has arrived */
  constructor(clock: Clock, listener: HttpListener, onRequest: (socket: Socket) => void, upgrade?: UpgradeTaker) {
    this.#clock = clock;
    this.#listener = listener;
    this.#onRequest = onRequest;
    // As in etcd, idle connections stay open.
    this.#server = createServer({ maxHeaderSize: metadataBytesMax, keepAliveTimeout: 0 });
    this.#server.on("request", (request, response) => {
      this.#onRequest(request.socket);
      asOriginForm(request);
      this.#connections.get(request.socket)?.take(request, response);
    });
    // Node's own timeouts for slow requests apply only to servers that listen themselves.
    this.#server.setTimeout(headMsMax, (socket) => {
      if (this.#connections.get(socket)?.busy !== false) socket.destroy();
    });
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket) => this.#refuse(error, socket));
    if (upgrade !== undefined) {
      this.#server.on("upgrade", (request, _socket, head) => this.#goOn(upgrade, request, head));
    }
  }

  /** Serves a connection. Bytes that were read to detect the protocol have been put back. */
  take(socket: Socket): void {
    const connection = new Http1Connection(socket, this.#clock, (request, response) => {
      void this.#listener(request, response);
    });
    this.#connections.set(socket, connection);
    socket.once("close", () => this.#connections.delete(socket));
    // A client may close its sending side and still wait for the answer.
    socket.allowHalfOpen = true;
    this.#server.emit("connection", socket);
    stayPaused(socket);
  }

  /** Closes all connections, each after the answer that is under way on it. */
  stop(): void {
    for (const connection of [...this.#connections.values()]) connection.stop();
  }

  #goOn(upgrade: UpgradeTaker, request: IncomingMessage, head: Buffer): void {
    const { socket } = request;
    this.#onRequest(socket);
    const connection = this.#connections.get(socket);
    // Node would drop the connection at once, together with unanswered requests.
    if (connection === undefined || connection.busy) socket.destroy();
    else {
      asOriginForm(request);
      if (upgrade(request, socket, head)) connection.lend();
      else resumeHttp(this.#server, request, head);
    }
  }

  /** Refuses input that is not a valid request. */
  #refuse({ code = "" }: NodeJS.ErrnoException, socket: Duplex): void {
    const known = this.#connections.get(socket);
    const understands = known === undefined || known.served || !foreign.has(code);
    if (!socket.writable || !understands || known?.busy) {
      socket.destroy();
      return;
    }
    socket.end(`HTTP/1.1 ${refusals[code] ?? "400 Bad Request"}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
  }
}

/**
 * Stops reading when a connection that is paused announces that it resumes. Node announces this late: after a pause in
 * the same turn its server would read on, although nobody takes the bytes, and hold the whole body in memory.
 */
function stayPaused(socket: Socket): void {
  // This listener is added after the one by which Node's server resumes.
  socket.on("resume", () => {
    if (socket.isPaused()) socket.emit("pause");
  });
}

const upgradeHeaders: ReadonlySet<string> = new Set(["connection", "upgrade", "http2-settings"]);

/** Has Node read a request again without its upgrade header, since Node has detached the connection for the upgrade. */
function resumeHttp(
  server: HttpServer,
  { method, url, httpVersion, rawHeaders, socket }: IncomingMessage,
  head: Buffer,
) {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (!upgradeHeaders.has(name.toLowerCase())) lines.push(`${name}: ${rawHeaders[at + 1]}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
  server.emit("connection", socket);
  socket.resume();
}
