import type { Port } from "../../threads/index.js";
import type { OutgoingSnapshot } from "../../transport/index.js";
import { toClient } from "./port-kinds.js";

/** The pieces of a database that may have arrived and wait for the connection to the peer, or are on their way. */
const piecesAhead = 8;

/** A database whose pieces arrive. */
interface Arriving {
  /** How often its pieces have been begun. Pieces of an earlier run are still on their way when the next one begins. */
  run: number;
  pieces: Pieces | undefined;
}

/** The databases that consensus sends to peers, and whose pieces arrive from the owner of the keys. */
export class ArrivingDatabases {
  readonly #port: Port;
  readonly #arriving = new Map<number, Arriving>();

  constructor(port: Port) {
    this.#port = port;
  }

  /** The body of the database of this number, and what ends it. */
  add(number: number): Pick<OutgoingSnapshot, "body" | "release"> {
    const arriving: Arriving = { run: 0, pieces: undefined };
    this.#arriving.set(number, arriving);
    const release = (): void => {
      if (!this.#arriving.delete(number)) return;
      arriving.pieces?.end(new Error("the database is not needed any more"));
      this.#port.post(toClient.dropPieces).number(number);
    };
    return { body: (from) => this.#begin(number, arriving, from), release };
  }

  piece(number: number, run: number, bytes: Uint8Array): void {
    this.#of(number, run)?.add(bytes);
  }

  /** @param error why there is no more; undefined at the end of the database */
  end(number: number, run: number, error: Error | undefined): void {
    this.#of(number, run)?.end(error);
  }

  #begin(number: number, arriving: Arriving, from: number): Pieces {
    arriving.pieces?.end(new Error("the database is sent again"));
    const run = ++arriving.run;
    this.#port.post(toClient.beginPieces).number(number).number(run).number(from);
    const want = (count: number): void =>
      void this.#port.post(toClient.wantPieces).number(number).number(run).number(count);
    arriving.pieces = new Pieces(want);
    return arriving.pieces;
  }

  #of(number: number, run: number): Pieces | undefined {
    const arriving = this.#arriving.get(number);
    return arriving?.run === run ? arriving.pieces : undefined;
  }
}

/** A body whose pieces arrive. The next pieces are asked for when some have been taken. */
class Pieces implements AsyncIterable<Uint8Array> {
  readonly #want: (count: number) => void;
  readonly #waiting: Uint8Array[] = [];
  #ended = false;
  #error: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(want: (count: number) => void) {
    this.#want = want;
  }

  add(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#wake();
  }

  end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    this.#want(piecesAhead);
    for (;;) {
      const piece = this.#waiting.shift();
      if (piece !== undefined) {
        this.#want(1);
        yield piece;
      } else if (this.#ended) {
        if (this.#error !== undefined) throw this.#error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
