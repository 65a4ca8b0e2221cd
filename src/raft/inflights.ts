import { assert } from "../base/index.js";

/**
 * The append messages in flight to one follower: a window bounded in messages and in bytes, in the order of sending.
 */
export class Inflights {
  readonly #countMax: number;
  readonly #bytesMax: number;
  /** Last index and bytes of each message; entries before `#head` are done. */
  #indexes: number[] = [];
  #sizes: number[] = [];
  #head = 0;
  #bytes = 0;

  constructor(countMax: number, bytesMax: number) {
    this.#countMax = countMax;
    this.#bytesMax = bytesMax;
  }

  get count(): number {
    return this.#indexes.length - this.#head;
  }

  /** Whether nothing more may be sent. The byte limit is soft: the message that reaches it is still sent. */
  get full(): boolean {
    return this.count >= this.#countMax || this.#bytes >= this.#bytesMax;
  }

  /** Records that a message with the last entry `index` was sent. */
  add(index: number, bytes: number): void {
    assert(!this.full, "a message is sent only while the window has room");
    this.#indexes.push(index);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  /** Removes the messages up to the one that ends with `index`, which have arrived. */
  freeUpTo(index: number): void {
    for (let next = this.#indexes[this.#head]; next !== undefined && next <= index; next = this.#indexes[this.#head]) {
      this.#bytes -= this.#sizes[this.#head] ?? 0;
      this.#head++;
    }
    if (this.#head === 0 || this.#head * 2 < this.#indexes.length) return;
    this.#indexes = this.#indexes.slice(this.#head);
    this.#sizes = this.#sizes.slice(this.#head);
    this.#head = 0;
  }
}
