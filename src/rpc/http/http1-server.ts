import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../../base/index.js";
import { metadataBytesMax } from "../grpc/grpc-head.js";
import type { HttpListener } from "./http-answer.js";
import { asOriginForm } from "./http-paths.js";
import { Http1Connection, headMsMax } from "./http1-connection.js";

/**
 * Takes a connection whose client wants to go on in another protocol; `head` has come of that already.
 *
 * @returns false when it goes on in HTTP instead, as if nothing else had been asked for
 */
export type UpgradeTaker = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;

/** What Node's parser says of a first line that is none of HTTP/1: whoever sent it would not understand an answer. */
const foreign: ReadonlySet<string> = new Set([
  ...["HPE_INVALID_METHOD", "HPE_INVALID_CONSTANT", "HPE_INVALID_VERSION", "HPE_INVALID_URL"],
]);
const refusals: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
};

/** HTTP/1.1 over connections that somebody else has accepted. */
export class Http1Server {
  readonly #clock: Clock;
  readonly #listener: HttpListener;
  readonly #server: HttpServer;
  readonly #connections = new Map<Duplex, Http1Connection>();

  constructor(clock: Clock, listener: HttpListener, upgrade?: UpgradeTaker) {
    this.#clock = clock;
    this.#listener = listener;
    // Idle connections are kept, as with etcd.
    this.#server = createServer({ maxHeaderSize: metadataBytesMax, keepAliveTimeout: 0 });
    this.#server.on("request", (request, response) => {
      asOriginForm(request);
      this.#connections.get(request.socket)?.take(request, response);
    });
    // Node watches for slow requests only on servers that listen themselves; this holds for any connection.
    this.#server.setTimeout(headMsMax, (socket) => {
      if (this.#connections.get(socket)?.busy !== false) socket.destroy();
    });
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket) => this.#refuse(error, socket));
    if (upgrade !== undefined) {
      this.#server.on("upgrade", (request, _socket, head) => this.#goOn(upgrade, request, head));
    }
  }

  /** Serves a connection; what has been read of it is to be read again. */
  take(socket: Socket): void {
    const connection = new Http1Connection(socket, this.#clock, (request, response) => {
      void this.#listener(request, response);
    });
    this.#connections.set(socket, connection);
    socket.once("close", () => this.#connections.delete(socket));
    // A client may close its half and still wait for the answer.
    socket.allowHalfOpen = true;
    this.#server.emit("connection", socket);
  }

  /** Ends every connection, with the last answer that is under way on it. */
  stop(): void {
    for (const connection of [...this.#connections.values()]) connection.stop();
  }

  #goOn(upgrade: UpgradeTaker, request: IncomingMessage, head: Buffer): void {
    const { socket } = request;
    const connection = this.#connections.get(socket);
    // Node lets go of the connection at once, and with it of what has not been answered.
    if (connection === undefined || connection.busy) socket.destroy();
    else {
      asOriginForm(request);
      if (upgrade(request, socket, head)) connection.lend();
      else resumeHttp(this.#server, request, head);
    }
  }

  /** Something came that is no request. */
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

const upgradeHeaders: ReadonlySet<string> = new Set(["connection", "upgrade", "http2-settings"]);

/** Reads a request once more, without its wish to go on in another protocol: Node has let go of the connection. */
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
