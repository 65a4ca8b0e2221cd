import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../base/index.js";
import type { GrpcServer } from "./grpc-server.js";

/** What every HTTP/2 connection begins with; no HTTP/1.1 request does. */
const http2Preface = Buffer.from("PRI * HTTP/2.0\r\n");
/** A connection that has said nothing for so long, or stopped in the middle of a request, is of no use to anybody. */
const silenceMsMax = 60_000;

/** Who answers on a port. */
export interface PortHandlers {
  /** Absent: no gRPC on this port. */
  readonly grpc?: GrpcServer;
  /** Absent: no HTTP on this port. */
  readonly http?: RequestListener;
}

/**
 * A listener whose connections are gRPC or HTTP/1.1, as their first bytes say. Whatever else comes in is answered by
 * Node's HTTP parser: with a 400, or by closing the connection. Connections that come before `serve` wait for it.
 */
export class SharedPort {
  readonly #clock: Clock;
  readonly #listener: Server;
  /** Connections that are not gRPC's, and how many HTTP requests each has under way. */
  readonly #connections = new Map<Socket, number>();
  #grpc: GrpcServer | undefined;
  #http: HttpServer | undefined;
  #serving = false;
  #stopping = false;
  #emptied: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#listener = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** The listening socket: whoever opens it says where. */
  get listener(): Server {
    return this.#listener;
  }

  /** From now on connections are answered. Called once. */
  serve({ grpc, http }: PortHandlers): void {
    this.#grpc = grpc;
    this.#http = http && this.#httpServer(http);
    this.#serving = true;
    for (const socket of this.#connections.keys()) this.#look(socket);
  }

  /** Stops accepting, lets HTTP requests finish for so long, then drops what is left. gRPC stops by itself. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#listener.close();
    for (const [socket, requests] of this.#connections) if (requests === 0) socket.destroy();
    if (this.#connections.size === 0) return;
    const deadline = this.#clock.after(graceMs, () => {
      for (const socket of this.#connections.keys()) socket.destroy();
    });
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    deadline.cancel();
  }

  #httpServer(listener: RequestListener): HttpServer {
    const server = createHttpServer((request, response) => {
      const { socket } = request;
      this.#connections.set(socket, (this.#connections.get(socket) ?? 0) + 1);
      response.once("close", () => {
        const requests = this.#connections.get(socket);
        if (requests === undefined) return;
        this.#connections.set(socket, requests - 1);
        if (this.#stopping && requests === 1) socket.end();
      });
      listener(request, response);
    });
    // Node watches for slow requests only on servers that listen themselves; this holds for any connection.
    server.setTimeout(silenceMsMax);
    return server;
  }

  #accept(socket: Socket): void {
    this.#connections.set(socket, 0);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#forget(socket));
    if (this.#serving) this.#look(socket);
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
  }

  #hand(socket: Socket, begun: Buffer, http2: boolean): void {
    const grpc = this.#grpc;
    if (http2 && grpc !== undefined) {
      socket.setTimeout(0);
      this.#forget(socket);
      grpc.take(socket, begun);
    } else if (!http2 && this.#http !== undefined) {
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
    this.#connections.delete(socket);
    if (this.#connections.size === 0) this.#emptied();
  }
}
