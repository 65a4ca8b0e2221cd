import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { systemClock } from "../../src/base/index.js";
import { type Field, Http2Connection, PingRounds, RefusalPace, type StreamAcceptor } from "../../src/http2/index.js";
import { connectionMemory, endlessTurn } from "./peer.js";

/** A server with connections over real sockets, for real clients. */
export class Listening {
  readonly connections: Http2Connection[] = [];
  readonly faults: unknown[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(accept: StreamAcceptor, frequentFields: readonly Field[]) {
    const config = {
      ...{ maxConcurrentStreams: 2 ** 32 - 1, fieldBytesMax: 64 * 1024, frequentFields, pingIntervalMsMin: 0 },
      memory: connectionMemory(),
      turn: endlessTurn,
      pingRounds: new PingRounds(systemClock.after),
      refusalPace: new RefusalPace(systemClock),
      onFault: (error: unknown) => this.faults.push(error),
    };
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      const gone = () => this.#sockets.delete(socket);
      this.connections.push(new Http2Connection(socket, Buffer.alloc(0), config, accept, gone));
    });
  }

  static async start(accept: StreamAcceptor, frequentFields: readonly Field[] = []): Promise<Listening> {
    const listening = new Listening(accept, frequentFields);
    listening.#server.listen(0, "127.0.0.1");
    await once(listening.#server, "listening");
    return listening;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The number of open streams of all connections. */
  get streams(): number {
    return this.connections.reduce((sum, { streams }) => sum + streams, 0);
  }

  /** The number of streams of all connections that count towards the limit of their connection, open or closed. */
  get places(): number {
    return this.connections.reduce((sum, { places }) => sum + places, 0);
  }

  /** The number of open connections. */
  get open(): number {
    return this.#sockets.size;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
