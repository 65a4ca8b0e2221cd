import type { Key } from "../../base/index.js";
import { NameOrder, namesMax } from "./name-order.js";

/** A run with more bytes of names is full. */
const nameBytesMax = 4 * 1024 * 1024;
const nameBytesFirst = 64 * 1024;

/**
 * Stored changes without their values, oldest first, in flat memory: an object for each would cost as much as adding
 * the change to the index. Sorted by key they are added leaf by leaf. A run is filled again and again.
 */
export class HeadRun {
  /** Number of changes. */
  count = 0;
  readonly main = new Float64Array(namesMax);
  readonly sub = new Uint32Array(namesMax);
  /** Both are 0 for a tombstone. */
  readonly createRevision = new Float64Array(namesMax);
  readonly version = new Float64Array(namesMax);
  /** Bytes of the stored values. */
  readonly bytes = new Uint32Array(namesMax);
  readonly #starts = new Uint32Array(namesMax + 1);
  readonly #leases = new BigInt64Array(namesMax);
  readonly #leaseWords = new Uint32Array(this.#leases.buffer);
  readonly #names = new NameOrder();
  #nameBytes = Buffer.allocUnsafeSlow(nameBytesFirst);

  get full(): boolean {
    return this.count === namesMax || this.nameEnd(this.count - 1) >= nameBytesMax;
  }

  /** The names of all changes. */
  get names(): Buffer {
    return this.#nameBytes;
  }

  /** Where the name of change `at` begins in `names`. */
  nameStart(at: number): number {
    return this.#starts[at] ?? 0;
  }

  nameEnd(at: number): number {
    return this.#starts[at + 1] ?? 0;
  }

  key(at: number): Key {
    return this.#nameBytes.toString("latin1", this.nameStart(at), this.nameEnd(at));
  }

  /** Lease that the change names; 0 means none. */
  leaseId(at: number): bigint {
    // Most changes have no lease, and reading a bigint makes an object.
    return this.#leaseWords[2 * at] === 0 && this.#leaseWords[2 * at + 1] === 0 ? 0n : (this.#leases[at] ?? 0n);
  }

  setLeaseId(at: number, leaseId: bigint): void {
    this.#leases[at] = leaseId;
  }

  clear(): void {
    this.count = 0;
  }

  /**
   * Adds a change; the run must not be full.
   *
   * @param names has the name in its bytes `[from, to)`
   * @returns the place in which the caller puts the other numbers
   */
  add(names: Uint8Array, from: number, to: number): number {
    const at = this.count++;
    const start = this.nameStart(at);
    const end = start + to - from;
    if (end > this.#nameBytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(end, 2 * this.#nameBytes.length));
      this.#nameBytes.copy(grown, 0, 0, start);
      this.#nameBytes = grown;
    }
    const target = this.#nameBytes;
    for (let byte = from, place = start; byte < to; byte++, place++) target[place] = names[byte] ?? 0;
    this.#starts[at + 1] = end;
    return at;
  }

  /** Numbers of the changes, by key, and those of a key oldest first. */
  sorted(): Uint32Array {
    this.#names.sort({ bytes: this.#nameBytes, starts: this.#starts }, this.count);
    return this.#names.order.subarray(0, this.count);
  }
}
