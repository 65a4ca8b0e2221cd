import type { Port } from "../../threads/index.js";
import { writeError } from "../../threads/index.js";
import type { OutgoingSnapshot } from "../../transport/index.js";
import { toCore } from "./port-kinds.js";

/** The sending of a database from one of its bytes on. */
interface Run {
  readonly number: number;
  readonly pieces: AsyncIterator<Uint8Array>;
  /** The number of pieces that consensus still has room for. */
  room: number;
  running: boolean;
}

interface Sent {
  readonly snapshot: OutgoingSnapshot;
  run: Run | undefined;
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
  add(snapshot: OutgoingSnapshot): number {
    const number = this.#numbers++;
    this.#sent.set(number, { snapshot, run: undefined });
    return number;
  }

  /** Consensus wants the pieces from this byte on. The run that is under way ends. */
  begin(number: number, run: number, from: number): void {
    const sent = this.#sent.get(number);
    if (sent === undefined) return;
    const pieces = sent.snapshot.body(from)[Symbol.asyncIterator]();
    sent.run = { number: run, pieces, room: 0, running: false };
  }

  /** Consensus has room for more pieces. */
  want(number: number, run: number, pieces: number): void {
    const sent = this.#sent.get(number);
    if (sent?.run === undefined || sent.run.number !== run) return;
    sent.run.room += pieces;
    if (!sent.run.running) void this.#run(number, sent, sent.run);
  }

  /** Consensus needs no more of a database. */
  drop(number: number): void {
    const sent = this.#sent.get(number);
    this.#sent.delete(number);
    sent?.snapshot.release();
  }

  /** Releases all databases. */
  stop(): void {
    for (const number of [...this.#sent.keys()]) this.drop(number);
  }

  async #run(number: number, sent: Sent, run: Run): Promise<void> {
    const goesOn = (): boolean => this.#sent.get(number) === sent && sent.run === run;
    run.running = true;
    try {
      while (run.room > 0) {
        const next = await run.pieces.next();
        if (!goesOn()) return;
        if (next.done === true) {
          this.#port.post(toCore.pieceEnd).number(number).number(run.number);
          return;
        }
        run.room--;
        this.#port.post(toCore.piece).number(number).number(run.number).bytes(next.value);
      }
      run.running = false;
    } catch (error) {
      if (goesOn()) writeError(this.#port.post(toCore.pieceError).number(number).number(run.number), error);
    }
  }
}
