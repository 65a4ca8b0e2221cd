import type { Port } from "../../threads/index.js";
import type { OutgoingSnapshot } from "../../transport/index.js";
import { toClient } from "./port-kinds.js";

/** The pieces of a database that may have arrived and wait for the connection to the peer, or are on their way. */
const piecesAhead = 8;

/** The databases that consensus sends to peers, and whose pieces arrive from the owner of the keys. */
export class ArrivingDatabases {
  readonly #port: Port;
  readonly #arriving = new Map<number, Pieces>();

  constructor(port: Port) {
    this.#port = port;
  }

  /** The body of the database of this number, and what ends it. */
  add(number: number): Pick<OutgoingSnapshot, "body" | "release"> {
    const pieces = new Pieces((count) => this.#port.post(toClient.wantPieces).number(number).number(count));
    this.#arriving.set(number, pieces);
    const release = (): void => {
      if (!this.#arriving.delete(number)) return;
      pieces.end(new Error("the database is not needed any more"));
      this.#port.post(toClient.dropPieces).number(number);
    };
    return { body: pieces, release };
  }

  piece(number: number, bytes: Uint8Array): void {
    this.#arriving.get(number)?.add(bytes);
  }

  /** @param error why there is no more; undefined at the end of the database */
  end(number: number, error: Error | undefined): void {
    this.#arriving.get(number)?.end(error);
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
