import type { LoopTurn, MemoryAccount } from "../../base/index.js";

/** A call of which the head has come, and no message. */
export interface HalfOpenCall {
  /** What it is counted with in the account. */
  readonly chargedBytes: number;
  /** Ends it; its client may ask again, since nothing was done. */
  refuse(): void;
}

/**
 * Calls whose clients have said nothing after the head. They are kept as long as there is memory: a stream may wait for
 * its first message as long as it likes. When the account is full, the oldest make room for calls that ask something.
 * Otherwise a client that only begins calls could have all others refused for ever.
 */
export class HalfOpenCalls {
  readonly #memory: MemoryAccount;
  readonly #turn: LoopTurn;
  /** In the order in which they came. */
  readonly #calls = new Set<HalfOpenCall>();
  #relieving = false;

  constructor(memory: MemoryAccount, turn: LoopTurn) {
    this.#memory = memory;
    this.#turn = turn;
    memory.onShortage(() => this.#relieve());
  }

  add(call: HalfOpenCall): void {
    this.#calls.add(call);
  }

  /** Its first message has come, or it is over. */
  delete(call: HalfOpenCall): void {
    this.#calls.delete(call);
  }

  #relieve(): void {
    if (this.#relieving || this.#calls.size === 0) return;
    this.#relieving = true;
    // Not at once: whoever found no room is in the middle of something.
    this.#turn.defer(() => this.#refuseOldest(this.#memory.excessBytes));
  }

  /** What a stream's call is counted with is released when its handler has ended, which is a little later. */
  #refuseOldest(bytes: number): void {
    let left = bytes;
    for (const call of this.#calls) {
      if (left <= 0) break;
      if (this.#turn.over) {
        this.#turn.defer(() => this.#refuseOldest(left));
        return;
      }
      this.#calls.delete(call);
      left -= call.chargedBytes;
      call.refuse();
    }
    this.#relieving = false;
  }
}
