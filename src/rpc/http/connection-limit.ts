import type { Socket } from "node:net";
import type { Logger } from "../../base/index.js";

/** After a refusal was logged, the next one is logged only once the number of connections has sunk to this share. */
const quietShare = 0.9;

/** The log lines for refused connections of clients and of peers. */
const refusals = {
  client: "refused a connection: all file descriptors but the reserved ones are in use",
  peer: "refused a connection at a peer port: all file descriptors reserved for peers are in use",
} as const;

/**
 * Bounds the number of connections of all ports that share it. Each connection takes a file descriptor, and LevelDB
 * fails when there are none left, so without a bound idle connections could end the member.
 */
export class ConnectionLimit {
  readonly #connectionsMax: number;
  readonly #logger: Logger;
  readonly #refusal: string;
  #open = 0;
  #refused = 0;
  #told = false;

  /** @param connectionsMax the bound; Infinity for none */
  constructor(connectionsMax: number, logger: Logger, side: keyof typeof refusals = "client") {
    this.#connectionsMax = connectionsMax;
    this.#logger = logger;
    this.#refusal = refusals[side];
  }

  /** The number of connections closed because there were too many. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Counts a connection until it closes, or closes it at once if there are too many. @returns whether there was room
   */
  take(socket: Socket): boolean {
    if (this.#open >= this.#connectionsMax) {
      this.#refuse(socket);
      return false;
    }
    this.#open++;
    socket.once("close", () => {
      this.#open--;
      if (this.#open < quietShare * this.#connectionsMax) this.#told = false;
    });
    return true;
  }

  #refuse(socket: Socket): void {
    this.#refused++;
    socket.destroy();
    if (this.#told) return;
    this.#told = true;
    this.#logger.warn(this.#refusal, {
      "connections-max": this.#connectionsMax,
      "remote-addr": socket.remoteAddress,
    });
  }
}
