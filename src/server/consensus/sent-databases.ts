import type { Port } from "../../threads/index.js";
import { writeError } from "../../threads/index.js";
import type { OutgoingSnapshot } from "../../transport/index.js";
import { toCore } from "./port-kinds.js";

interface Sent {
  readonly pieces: AsyncIterator<Uint8Array>;
  readonly release: () => void;
  /** The number of pieces that consensus still has room for. */
  room: number;
  running: boolean;
}

/**
 * The databases that the owner of the keys sends to peers. Their bytes cross to consensus in pieces, and only as many
 * as it has asked for.
 */
export class SentDatabases {
  readonly #port: Port;
  readonly #sent = new Map<number, Sent>();
  #numbers = 0;

  constructor(port: Port) {
    this.#port = port;
  }

  /** Registers a database. @returns the number under which consensus asks for its pieces */
  add({ body, release }: OutgoingSnapshot): number {
    const number = this.#numbers++;
    this.#sent.set(number, {
      ...{ pieces: body[Symbol.asyncIterator](), release: () => release(), room: 0, running: false },
    });
    return number;
  }

  /** Consensus has room for more pieces. */
  want(number: number, pieces: number): void {
    const sent = this.#sent.get(number);
    if (sent === undefined) return;
    sent.room += pieces;
    if (!sent.running) void this.#run(number, sent);
  }

  /** Consensus needs no more of a database. */
  drop(number: number): void {
    const sent = this.#sent.get(number);
    this.#sent.delete(number);
    sent?.release();
  }

  /** Releases all databases. */
  stop(): void {
    for (const number of [...this.#sent.keys()]) this.drop(number);
  }

  async #run(number: number, sent: Sent): Promise<void> {
    sent.running = true;
    try {
      while (sent.room > 0) {
        const next = await sent.pieces.next();
        if (this.#sent.get(number) !== sent) return;
        if (next.done === true) {
          this.#port.post(toCore.pieceEnd).number(number);
          return;
        }
        sent.room--;
        this.#port.post(toCore.piece).number(number).bytes(next.value);
      }
      sent.running = false;
    } catch (error) {
      if (this.#sent.get(number) === sent) writeError(this.#port.post(toCore.pieceError).number(number), error);
    }
  }
}
