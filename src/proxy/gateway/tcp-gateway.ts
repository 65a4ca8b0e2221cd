import { createServer, type Server, type Socket } from "node:net";
import type { Remotes } from "./remotes.js";

/**
 * Forwards TCP connections, whatever they carry, to one of several servers each. A slow reader on one side slows down
 * the other side. When one side ends its half of a connection, the other side is told, and may go on sending.
 */
export class TcpGateway {
  readonly #remotes: Remotes;
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();

  /** @param connectionsMax the most clients at once; further ones are refused */
  constructor(remotes: Remotes, connectionsMax: number) {
    this.#remotes = remotes;
    const options = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };
    this.#listener = createServer(options, (client) => void this.#forward(client));
    this.#listener.maxConnections = connectionsMax;
  }

  /** Starts to listen. @returns the port. @throws the system's error */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#listener.once("error", reject);
      this.#listener.listen({ port, ...(host !== "" && { host }) }, () => {
        this.#listener.off("error", reject);
        const bound = this.#listener.address();
        resolve(bound !== null && typeof bound === "object" ? bound.port : port);
      });
    });
  }

  /** Stops to listen, and closes all connections. */
  stop(): void {
    this.#remotes.stop();
    this.#listener.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #forward(client: Socket): Promise<void> {
    this.#hold(client);
    const server = await this.#remotes.connect();
    if (server === undefined || client.destroyed || !this.#listener.listening) {
      client.destroy();
      server?.destroy();
      return;
    }
    this.#hold(server);
    join(client, server);
    join(server, client);
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    // A broken connection is closed, and then its other side, too.
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#sockets.delete(socket));
  }
}

/** Forwards what `from` sends. When `from` is closed, `to` is closed, too, once it has been sent everything. */
function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.once("close", () => {
    const complete = from.readableEnded && !to.writableFinished;
    if (complete) to.once("finish", () => to.destroy());
    else to.destroy();
  });
}
