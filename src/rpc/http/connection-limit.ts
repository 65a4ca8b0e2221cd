import type { Socket } from "node:net";
import type { Logger } from "../../base/index.js";

/** Once the bound was met, the log hears of it again only after so much of it has become free. */
const quietShare = 0.9;

/** Whose connections are bounded, and what the log says when one was refused. */
const refusals = {
  client: "refused a connection: all file descriptors but the reserved ones are in use",
  peer: "refused a connection at a peer port: all file descriptors reserved for peers are in use",
} as const;

/**
 * Bounds the connections of all ports that share it. Each takes a file descriptor, and LevelDB fails when it finds
 * none: whoever only connects must not end the member.
 */
export class ConnectionLimit {
  readonly #connectionsMax: number;
  readonly #logger: Logger;
  readonly #refusal: string;
  #open = 0;
  #refused = 0;
  #told = false;

  /** @param connectionsMax Infinity for no bound */
  constructor(connectionsMax: number, logger: Logger, side: keyof typeof refusals = "client") {
    this.#connectionsMax = connectionsMax;
    this.#logger = logger;
    this.#refusal = refusals[side];
  }

  /** Connections that were closed because there were too many. */
  get refused(): number {
    return this.#refused;
  }

  /** Counts a connection until it is closed; one too many is closed at once. Returns whether there was room. */
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
