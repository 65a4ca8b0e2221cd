/**
 * The most connections that are read for the first time in one turn of the event loop. Node reads up to 64 KiB from
 * each, which takes 0.1 to 0.2 ms with what follows.
 */
const beginningMax = 32;

/**
 * Spreads the first reads from new connections over several turns of the event loop. After an accept, Node would read
 * from all connections that have sent something, in a turn that no clock can end.
 */
export class FirstReads {
  /** Connections begun in this turn; undefined when there were none in the last one. */
  #begun: number | undefined;
  #waiting: (() => void)[] = [];

  /** Calls `begin`, now or in a later turn; calls keep their order. */
  start(begin: () => void): void {
    if (this.#begun === undefined) {
      this.#begun = 0;
      setImmediate(this.#nextTurn);
    }
    if (this.#begun >= beginningMax) this.#waiting.push(begin);
    else {
      this.#begun++;
      begin();
    }
  }

  readonly #nextTurn = (): void => {
    const next = this.#waiting.slice(0, beginningMax);
    this.#waiting = this.#waiting.slice(beginningMax);
    this.#begun = next.length === 0 ? undefined : next.length;
    if (next.length > 0) setImmediate(this.#nextTurn);
    for (const begin of next) begin();
  };
}
