import type { Socket } from "node:net";
import type { Logger } from "../../base/index.js";

/** After a refusal was logged, the next one is logged only once the number of connections has sunk to this share. */
const quietShare = 0.9;

/** The counters of a bound: open connections, refused ones, and whether a refusal was logged. */
const words = { open: 0, refused: 1, told: 2 } as const;

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
  readonly #words: Int32Array;
  readonly #connectionsMax: number;
  readonly #logger: Logger;
  readonly #refusal: string;

  /**
   * @param connectionsMax the bound; Infinity for none
   * @param shared memory from `memory`, when several threads share the bound
   */
  constructor(
    connectionsMax: number,
    logger: Logger,
    side: keyof typeof refusals = "client",
    shared: SharedArrayBuffer = ConnectionLimit.memory(),
  ) {
    this.#words = new Int32Array(shared);
    this.#connectionsMax = connectionsMax;
    this.#logger = logger;
    this.#refusal = refusals[side];
  }

  /** Allocates the counters of a bound that several threads share. */
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(Object.keys(words).length * Int32Array.BYTES_PER_ELEMENT);
  }

  /** The number of connections closed because there were too many. */
  get refused(): number {
    return Atomics.load(this.#words, words.refused);
  }

  /**
   * Counts a connection until it closes, or closes it at once if there are too many. @returns whether there was room
   */
  take(socket: Socket): boolean {
    if (Atomics.add(this.#words, words.open, 1) >= this.#connectionsMax) {
      Atomics.sub(this.#words, words.open, 1);
      this.#refuse(socket);
      return false;
    }
    socket.once("close", () => {
      const open = Atomics.sub(this.#words, words.open, 1) - 1;
      if (open < quietShare * this.#connectionsMax) Atomics.store(this.#words, words.told, 0);
    });
    return true;
  }

  #refuse(socket: Socket): void {
    Atomics.add(this.#words, words.refused, 1);
    socket.destroy();
    if (Atomics.exchange(this.#words, words.told, 1) === 1) return;
    this.#logger.warn(this.#refusal, {
      "connections-max": this.#connectionsMax,
      "remote-addr": socket.remoteAddress,
    });
  }
}
