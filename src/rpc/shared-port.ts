import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock, Timer } from "../base/index.js";
import { Handshakes, type HandshakesConfig, type SecureConnection } from "../tls/index.js";
import type { GrpcServer } from "./grpc-server.js";
import { HttpBridge } from "./http-bridge.js";

/** What every HTTP/2 connection begins with; no HTTP/1.1 request does. */
const http2Preface = Buffer.from("PRI * HTTP/2.0\r\n");
/** A connection that has said nothing for so long, or stopped in the middle of a request, is of no use to anybody. */
const silenceMsMax = 60_000;
/** Nor is one whose request has no end of its head by then; one that waits for its next request is closed sooner. */
const headMsMax = 60_000;

/** What the first byte of a TLS connection says: a record of the handshake. */
const handshakeRecord = 0x16;

/** Who may come in: over TLS, in the clear, or both, which the first byte tells apart. */
export interface PortSecurity {
  readonly tls?: HandshakesConfig;
  readonly plain: boolean;
}

interface Connection {
  /** HTTP requests that are under way. */
  requests: number;
  /** Ends the connection when no request has come, head and all, by then. */
  deadline?: Timer;
  readonly secure: boolean;
  /** Of a verified certificate. */
  readonly commonName?: string;
}

/** Who answers on a port. */
export interface PortHandlers {
  /** Absent: no gRPC on this port. */
  readonly grpc?: GrpcServer;
  /** Absent: no HTTP on this port. */
  readonly http?: RequestListener;
  /**
   * Takes a connection whose client wants to go on in another protocol; `head` has come of that already.
   *
   * @returns false when it goes on in HTTP instead, as if nothing else had been asked for
   */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
}

/**
 * A listener whose connections are gRPC or HTTP/1.1, as their first bytes say; over TLS, where clients and servers
 * agree on HTTP/2 by themselves, its requests may be HTTP as well, as in etcd. Whatever else comes in is answered by
 * Node's HTTP parser: with a 400, or by closing the connection. Connections that come before `serve` wait for it.
 */
export class SharedPort {
  readonly #clock: Clock;
  readonly #listeners: Server[] = [];
  /** Connections that are not gRPC's. */
  readonly #connections = new Map<Socket, Connection>();
  /** Connections that have not shown whether they speak TLS. */
  readonly #undecided = new Set<Socket>();
  readonly #handshakes: Handshakes | undefined;
  readonly #plain: boolean;
  #grpc: GrpcServer | undefined;
  #http: HttpServer | undefined;
  #bridge: HttpBridge | undefined;
  #serving = false;
  #stopping = false;
  #emptied: () => void = () => undefined;

  constructor(clock: Clock, { tls, plain }: PortSecurity = { plain: true }) {
    this.#clock = clock;
    this.#plain = plain;
    const shaken = ({ socket, commonName }: SecureConnection) => this.#accept(socket, true, commonName);
    this.#handshakes = tls && new Handshakes(tls, shaken);
  }

  /** The listening socket: whoever opens it says where. */
  get listener(): Server {
    return this.#listeners[0] ?? this.newListener();
  }

  /** One more listening socket, for another address. */
  newListener(): Server {
    const listener = createServer({ noDelay: true }, (socket) => this.#receive(socket));
    this.#listeners.push(listener);
    return listener;
  }

  /** From now on connections are answered. Called once. */
  serve({ grpc, http, upgrade }: PortHandlers): void {
    this.#grpc = grpc;
    this.#http = http && this.#httpServer(http, upgrade);
    this.#bridge = http && new HttpBridge(http, this.#clock);
    this.#serving = true;
    for (const socket of this.#connections.keys()) this.#look(socket);
  }

  /** Stops accepting, lets HTTP requests finish for so long, then drops what is left. gRPC stops by itself. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    for (const listener of this.#listeners) listener.close();
    this.#handshakes?.stop();
    for (const socket of this.#undecided) socket.destroy();
    for (const [socket, { requests }] of this.#connections) if (requests === 0) socket.destroy();
    if (this.#connections.size === 0) return;
    const deadline = this.#clock.after(graceMs, () => {
      for (const socket of this.#connections.keys()) socket.destroy();
    });
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    deadline.cancel();
  }

  #httpServer(listener: RequestListener, upgrade: PortHandlers["upgrade"]): HttpServer {
    const server = createHttpServer((request, response) => {
      const { socket } = request;
      const connection = this.#connections.get(socket);
      if (connection !== undefined) this.#begin(socket, connection, response);
      listener(request, response);
    });
    // Node watches for slow requests only on servers that listen themselves; this holds for any connection.
    server.setTimeout(silenceMsMax);
    if (upgrade === undefined) return server;
    return server.on("upgrade", (request, socket, head) => {
      if (upgrade(request, socket, head)) this.#lend(request.socket);
      else resumeHttp(server, request, head);
    });
  }

  /** Its new protocol ends it; until then it is under way. */
  #lend(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    connection.requests++;
    connection.deadline?.cancel();
  }

  #begin(socket: Socket, connection: Connection, response: ServerResponse): void {
    connection.requests++;
    connection.deadline?.cancel();
    response.once("close", () => {
      connection.requests--;
      if (connection.requests > 0 || !this.#connections.has(socket)) return;
      if (this.#stopping) socket.end();
      else this.#awaitRequest(socket, connection);
    });
  }

  /** Whatever trickles in, by then it must be a request. */
  #awaitRequest(socket: Socket, connection: Connection): void {
    connection.deadline = this.#clock.after(headMsMax, () => socket.destroy());
  }

  #receive(socket: Socket): void {
    if (this.#handshakes === undefined) this.#accept(socket, false);
    else if (!this.#plain) this.#handshakes.take(socket);
    else this.#tellApart(socket, this.#handshakes);
  }

  /** TLS or not: the first byte says. */
  #tellApart(socket: Socket, handshakes: Handshakes): void {
    const drop = () => socket.destroy();
    this.#undecided.add(socket);
    socket.on("error", drop);
    socket.on("end", drop);
    socket.once("close", () => this.#undecided.delete(socket));
    socket.setTimeout(silenceMsMax, drop);
    socket.once("data", (chunk: Buffer) => {
      socket.pause();
      socket.removeListener("end", drop);
      socket.removeListener("error", drop);
      socket.removeListener("timeout", drop);
      socket.setTimeout(0);
      socket.unshift(chunk);
      this.#undecided.delete(socket);
      if (chunk[0] === handshakeRecord) handshakes.take(socket);
      else this.#accept(socket, false);
    });
  }

  #accept(socket: Socket, secure: boolean, commonName?: string): void {
    this.#connections.set(socket, { requests: 0, secure, ...(commonName !== undefined && { commonName }) });
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#forget(socket));
    if (this.#stopping) socket.destroy();
    else if (this.#serving) this.#look(socket);
  }

  /** Reads as much as is needed to tell who shall have the connection. */
  #look(socket: Socket): void {
    const drop = () => socket.destroy();
    socket.on("end", drop);
    socket.setTimeout(silenceMsMax, drop);
    let begun: Buffer = Buffer.alloc(0);
    const look = (chunk: Buffer): void => {
      begun = begun.length === 0 ? chunk : Buffer.concat([begun, chunk]);
      const compared = Math.min(begun.length, http2Preface.length);
      const same = begun.compare(http2Preface, 0, compared, 0, compared) === 0;
      if (same && compared < http2Preface.length) return;
      socket.removeListener("data", look);
      socket.removeListener("end", drop);
      socket.removeListener("timeout", drop);
      this.#hand(socket, begun, same);
    };
    socket.on("data", look);
    // It was paused while nobody could have said who shall have it.
    socket.resume();
  }

  #hand(socket: Socket, begun: Buffer, http2: boolean): void {
    const grpc = this.#grpc;
    if (http2 && grpc !== undefined) {
      const { secure = false, commonName } = this.#connections.get(socket) ?? {};
      const bridge = secure ? this.#bridge : undefined;
      socket.setTimeout(0);
      this.#forget(socket);
      grpc.take(socket, begun, commonName, bridge && ((stream, head) => bridge.accept(stream, head, commonName)));
    } else if (!http2 && this.#http !== undefined) {
      const connection = this.#connections.get(socket);
      if (connection !== undefined) this.#awaitRequest(socket, connection);
      socket.setTimeout(0);
      socket.pause();
      socket.unshift(begun);
      // An HTTP/1.1 client may close its half and still wait for the answer; an HTTP/2 client that does is gone.
      socket.allowHalfOpen = true;
      this.#http.emit("connection", socket);
      socket.resume();
    } else socket.destroy();
  }

  #forget(socket: Socket): void {
    this.#connections.get(socket)?.deadline?.cancel();
    this.#connections.delete(socket);
    if (this.#connections.size === 0) this.#emptied();
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
