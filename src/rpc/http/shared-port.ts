import { createServer, type Server, type Socket } from "node:net";
import { type Clock, MemoryAccount, type MemoryPot } from "../../base/index.js";
import { Handshakes, type HandshakesConfig, type SecureConnection } from "../../tls/index.js";
import type { GrpcServer } from "../grpc/grpc-server.js";
import type { ConnectionLimit } from "./connection-limit.js";
import { FirstReads } from "./first-reads.js";
import type { HttpListener } from "./http-answer.js";
import { HttpBridge } from "./http-bridge.js";
import { Http1Server, type UpgradeTaker } from "./http1-server.js";
import { SilentConnections, silentMax } from "./silent-connections.js";

/** The beginning of every HTTP/2 connection. No HTTP/1.1 request begins with it. */
const http2Preface = Buffer.from("PRI * HTTP/2.0\r\n");
/** How long a connection may take to show its protocol before it is closed. */
const silenceMsMax = 60_000;

/**
 * The memory of a connection without TLS, with most heads of HTTP/1.1 requests, and of one with TLS, with its
 * handshake. Few connections may have sent only a part of one, see `SilentConnections`. A connection gives `head` back
 * when it shows to be HTTP/2, which counts 8 KiB of its own. Both together then count a little more than was measured:
 * 14 KiB in the clear, where a connection took 11, and 36 KiB with TLS, where it took 33.
 */
const plainBytes = { all: 16 * 1024, head: 10 * 1024 };
const secureBytes = { all: 64 * 1024, head: 36 * 1024 };

/** The first byte of every TLS connection: the type of a handshake record. */
const handshakeRecord = 0x16;

/** Whether a port accepts TLS, plain connections, or both. The first byte of a connection tells them apart. */
export interface PortSecurity {
  readonly tls?: HandshakesConfig;
  readonly plain: boolean;
}

interface Connection {
  /** Whether the HTTP/1.1 server has taken the connection. It then closes it, too. */
  http: boolean;
  readonly secure: boolean;
  /** The common name in the client's verified certificate; absent when there is none. */
  readonly commonName?: string;
}

/** The handlers of a port. */
export interface PortHandlers {
  /** Serves gRPC, and HTTP over HTTP/2; absent when the port has no HTTP/2. */
  readonly grpc?: GrpcServer;
  /** Serves HTTP; absent when the port has none. */
  readonly http?: HttpListener;
  /** Serves protocol upgrades; absent when the port has none. */
  readonly upgrade?: UpgradeTaker;
}

/**
 * A listener for HTTP/2 and HTTP/1.1, which the first bytes of a connection tell apart. Requests over HTTP/2 are gRPC
 * or plain HTTP by their content type; etcd serves both together over TLS only. Connections with another protocol are
 * closed. Connections that arrive before `serve` is called wait for it.
 */
export class SharedPort {
  readonly #clock: Clock;
  readonly #memory: MemoryPot;
  readonly #limit: ConnectionLimit | undefined;
  readonly #firstReads = new FirstReads();
  readonly #listeners: Server[] = [];
  /** The connections that are not HTTP/2. */
  readonly #connections = new Map<Socket, Connection>();
  /** Bytes that each open connection holds here. */
  readonly #held = new Map<Socket, number>();
  /** The connections that have not sent their first byte yet. */
  readonly #undecided = new Set<Socket>();
  readonly #silent: SilentConnections;
  readonly #handshakes: Handshakes | undefined;
  readonly #plain: boolean;
  #grpc: GrpcServer | undefined;
  #http: Http1Server | undefined;
  #bridge: HttpBridge | undefined;
  #serving = false;
  #stopping = false;
  #emptied: () => void = () => undefined;
  #keepsListeners = false;

  /**
   * @param memory the account for connections; a connection that exceeds it is closed
   * @param limit bounds the number of connections, together with those of other ports
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
    this.#silent = new SilentConnections(tls === undefined ? silentMax.plain : silentMax.secure);
    const shaken = ({ socket, commonName }: SecureConnection) => this.#accept(socket, true, commonName);
    this.#handshakes = tls && new Handshakes(tls, shaken);
  }

  /** The listening socket, which the caller binds to an address. */
  get listener(): Server {
    return this.#listeners[0] ?? this.newListener();
  }

  /** The sockets that listen. */
  get listeners(): readonly Server[] {
    return this.#listeners;
  }

  /** Keeps the sockets open until the process exits, since other threads use them. `stop` then drops new clients. */
  keepListeners(): void {
    this.#keepsListeners = true;
  }

  /** Creates another listening socket, for a second address. */
  newListener(): Server {
    const listener = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
      if (this.#stopping) socket.destroy();
      else if (this.#limit?.take(socket) !== false) this.#receive(socket);
    });
    this.#listeners.push(listener);
    return listener;
  }

  /** Starts to serve connections. May be called only once. */
  serve({ grpc, http, upgrade }: PortHandlers): void {
    this.#grpc = grpc;
    this.#http = http && new Http1Server(this.#clock, http, (socket) => this.#silent.delete(socket), upgrade);
    this.#bridge = http && new HttpBridge(http, this.#clock);
    this.#serving = true;
    for (const socket of this.#connections.keys()) this.#look(socket);
  }

  /** Stops accepting, waits up to `graceMs` for HTTP requests, then closes the rest. `GrpcServer` stops by itself. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    if (!this.#keepsListeners) for (const listener of this.#listeners) listener.close();
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
    const bytes = (this.#handshakes === undefined ? plainBytes : secureBytes).all;
    // Connections may use the memory reserved for leases, since any of them may carry lease requests.
    if (!this.#memory.tryTake(bytes, "first")) {
      socket.destroy();
      return;
    }
    this.#held.set(socket, bytes);
    socket.once("close", () => {
      this.#memory.release(this.#held.get(socket) ?? 0);
      this.#held.delete(socket);
    });
    this.#firstReads.start(() => {
      if (!socket.destroyed) this.#begin(socket);
    });
  }

  /** Begins to read from a connection. */
  #begin(socket: Socket): void {
    if (this.#handshakes === undefined) this.#accept(socket, false);
    else if (!this.#plain) this.#handshakes.take(socket);
    else this.#tellApart(socket, this.#handshakes);
  }

  /** Waits for the first byte, which tells TLS from plain text. */
  #tellApart(socket: Socket, handshakes: Handshakes): void {
    const drop = () => socket.destroy();
    this.#undecided.add(socket);
    this.#silent.add(socket);
    socket.on("error", drop);
    socket.on("end", drop);
    socket.once("close", () => {
      this.#undecided.delete(socket);
      this.#silent.delete(socket);
    });
    socket.setTimeout(silenceMsMax, drop);
    socket.once("data", (chunk: Buffer) => {
      socket.pause();
      socket.removeListener("end", drop);
      socket.removeListener("error", drop);
      socket.removeListener("timeout", drop);
      socket.setTimeout(0);
      socket.unshift(chunk);
      this.#undecided.delete(socket);
      this.#silent.delete(socket);
      if (chunk[0] === handshakeRecord) handshakes.take(socket);
      else this.#accept(socket, false);
    });
    // New connections are paused.
    socket.resume();
  }

  #accept(socket: Socket, secure: boolean, commonName?: string): void {
    this.#connections.set(socket, { http: false, secure, ...(commonName !== undefined && { commonName }) });
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#forget(socket));
    if (this.#stopping) socket.destroy();
    else if (this.#serving) {
      // A connection that arrives before `serve` may have sent its request, which is not read yet.
      this.#silent.add(socket);
      this.#look(socket);
    } else socket.read(0); // Node notices the end of a connection only once it has begun to read.
  }

  /** Reads until the protocol of the connection is known. */
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
    // New connections are paused, and so are those whose first byte has been read.
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
      this.#giveHeadBack(socket, secure);
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

  /** Releases what only a handshake or an HTTP/1.1 request needs. */
  #giveHeadBack(socket: Socket, secure: boolean): void {
    if (secure) {
      // The bytes are held for the socket below this one, which releases all of them when it is closed.
      this.#memory.release(secureBytes.head);
      socket.once("close", () => this.#memory.take(secureBytes.head));
      return;
    }
    const held = this.#held.get(socket);
    if (held === undefined) return;
    // On a port with TLS, too, the connection counted as one with it until now.
    const kept = plainBytes.all - plainBytes.head;
    this.#held.set(socket, kept);
    this.#memory.release(held - kept);
  }

  #forget(socket: Socket): void {
    this.#connections.delete(socket);
    this.#silent.delete(socket);
    if (this.#connections.size === 0) this.#emptied();
  }
}
