import type { MemoryAccount, MemoryPot, MemoryPriority } from "../../base/index.js";

/** The share of the account that unfinished messages may hold. */
const accountShare = 1 / 4;
/** The largest messages for which there is room in any case, unless the account itself is full. */
const largestMessagesMin = 4;

/**
 * The memory of the gateway's messages that are arriving, over all connections. A client may leave any number of them
 * unfinished. They have only a share of the account, since the calls of all other clients would be refused otherwise.
 */
export class UnfinishedMessages {
  readonly #pot: MemoryPot;
  readonly #bytesMax: number;
  #heldBytes = 0;

  /** @param messageBytesMax the memory of a message of the greatest length */
  constructor(memory: MemoryAccount, messageBytesMax: number) {
    this.#pot = memory.pot("requests");
    this.#bytesMax = Math.max(memory.limitBytes * accountShare, largestMessagesMin * messageBytesMax);
  }

  /** @returns false when there is no room; nothing is taken then, and the refusal is counted */
  tryTake(bytes: number, priority: MemoryPriority = "ordinary"): boolean {
    if (this.#heldBytes + bytes > this.#bytesMax) {
      this.#pot.refuse();
      return false;
    }
    if (!this.#pot.tryTake(bytes, priority)) return false;
    this.#heldBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes;
    this.#pot.release(bytes);
  }
}
