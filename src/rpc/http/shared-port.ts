import { createServer, type Server, type Socket } from "node:net";
import { type Clock, MemoryAccount, type MemoryPot } from "../../base/index.js";
import { Handshakes, type HandshakesConfig, type SecureConnection } from "../../tls/index.js";
import type { GrpcServer } from "../grpc/grpc-server.js";
import type { ConnectionLimit } from "./connection-limit.js";
import type { HttpListener } from "./http-answer.js";
import { HttpBridge } from "./http-bridge.js";
import { Http1Server, type UpgradeTaker } from "./http1-server.js";

/** What every HTTP/2 connection begins with; no HTTP/1.1 request does. */
const http2Preface = Buffer.from("PRI * HTTP/2.0\r\n");
/** A connection that has not shown by then what it speaks is of no use to anybody. */
const silenceMsMax = 60_000;

/** What a connection takes, with the head of an HTTP/1.1 request that has not come whole; TLS has its own buffers. */
const connectionBytes = 24 * 1024;
const secureConnectionBytes = 64 * 1024;

/** What the first byte of a TLS connection says: a record of the handshake. */
const handshakeRecord = 0x16;

/** Who may come in: over TLS, in the clear, or both, which the first byte tells apart. */
export interface PortSecurity {
  readonly tls?: HandshakesConfig;
  readonly plain: boolean;
}

interface Connection {
  /** HTTP/1.1 has it, and ends it. */
  http: boolean;
  readonly secure: boolean;
  /** Common name of the client's verified certificate; absent when there is none. */
  readonly commonName?: string;
}

/** Who answers on a port. */
export interface PortHandlers {
  /** Carries gRPC, and HTTP over HTTP/2. Absent: no HTTP/2 on this port. */
  readonly grpc?: GrpcServer;
  /** Absent: no HTTP on this port. */
  readonly http?: HttpListener;
  /** Absent: HTTP connections stay with HTTP. */
  readonly upgrade?: UpgradeTaker;
}

/**
 * A listener whose connections are HTTP/2 or HTTP/1.1, as their first bytes say; requests over HTTP/2 are gRPC's or
 * plain HTTP, as their content types say, which etcd has over TLS alone. Whatever else comes in is closed. Connections
 * that come before `serve` wait for it.
 */
export class SharedPort {
  readonly #clock: Clock;
  readonly #memory: MemoryPot;
  readonly #limit: ConnectionLimit | undefined;
  readonly #listeners: Server[] = [];
  /** Connections that are not gRPC's. */
  readonly #connections = new Map<Socket, Connection>();
  /** Connections that have not shown whether they speak TLS. */
  readonly #undecided = new Set<Socket>();
  readonly #handshakes: Handshakes | undefined;
  readonly #plain: boolean;
  #grpc: GrpcServer | undefined;
  #http: Http1Server | undefined;
  #bridge: HttpBridge | undefined;
  #serving = false;
  #stopping = false;
  #emptied: () => void = () => undefined;

  /**
   * @param memory where connections are counted; one that finds no room is closed
   * @param limit bounds their number, with those of other ports
   */
  constructor(
    clock: Clock,
    { tls, plain }: PortSecurity = { plain: true },
    memory = MemoryAccount.unlimited().pot("connections"),
    limit?: ConnectionLimit,
  ) {
    this.#limit = limit;
    this.#clock = clock;
    this.#memory = memory;
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
    const listener = createServer({ noDelay: true }, (socket) => {
      if (this.#limit?.take(socket) !== false) this.#receive(socket);
    });
    this.#listeners.push(listener);
    return listener;
  }

  /** From now on connections are answered. Called once. */
  serve({ grpc, http, upgrade }: PortHandlers): void {
    this.#grpc = grpc;
    this.#http = http && new Http1Server(this.#clock, http, upgrade);
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
    for (const [socket, { http }] of this.#connections) if (!http) socket.destroy();
    this.#http?.stop();
    if (this.#connections.size === 0) return;
    const deadline = this.#clock.after(graceMs, () => {
      for (const socket of this.#connections.keys()) socket.destroy();
    });
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    deadline.cancel();
  }

  #receive(socket: Socket): void {
    const bytes = this.#handshakes === undefined ? connectionBytes : secureConnectionBytes;
    // Leases may come over any of them.
    if (!this.#memory.tryTake(bytes, "first")) {
      socket.destroy();
      return;
    }
    socket.once("close", () => this.#memory.release(bytes));
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
    this.#connections.set(socket, { http: false, secure, ...(commonName !== undefined && { commonName }) });
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
      const bridge = this.#bridge;
      const origin = { secure, commonName };
      socket.setTimeout(0);
      this.#forget(socket);
      grpc.take(socket, begun, commonName, bridge && ((stream, head) => bridge.accept(stream, head, origin)));
    } else if (!http2 && this.#http !== undefined) {
      const connection = this.#connections.get(socket);
      if (connection !== undefined) connection.http = true;
      socket.setTimeout(0);
      socket.pause();
      socket.unshift(begun);
      this.#http.take(socket);
      socket.resume();
    } else socket.destroy();
  }

  #forget(socket: Socket): void {
    this.#connections.delete(socket);
    if (this.#connections.size === 0) this.#emptied();
  }
}
