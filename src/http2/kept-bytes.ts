import { ConnectionError, errorCodes, frameBytesMax, frameHeaderBytes } from "./frames.js";
import type { Pot } from "./memory.js";

/** Counts the received bytes of one connection that are no complete frames or header blocks, or wait to be taken. */
export class KeptBytes {
  readonly #memory: Pot;
  #counted = 0;

  constructor(memory: Pot) {
    this.#memory = memory;
  }

  /**
   * Counts what the connection keeps now, in place of what it kept before.
   *
   * @param incomplete bytes of an incomplete frame and header block
   * @param waiting bytes that were read already and are not taken yet
   * @throws ConnectionError when there is no memory for a long header block
   */
  count(incomplete: number, waiting: number): void {
    const more = incomplete + waiting - this.#counted;
    if (more === 0) return;
    if (more < 0) this.#memory.release(-more);
    else if (incomplete <= frameBytesMax + frameHeaderBytes) this.#memory.take(more);
    else if (!this.#memory.tryTake(more)) {
      throw new ConnectionError(errorCodes.enhanceYourCalm, "no memory for headers");
    }
    this.#counted += more;
  }
}
