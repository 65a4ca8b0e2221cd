import { assert, type Key } from "../../base/index.js";
import { NameOrder, namesMax } from "./name-order.js";

/** A run with more bytes of names is full. */
const nameBytesMax = 4 * 1024 * 1024;
/** The capacities of a new run, which grow: most starts have few changes to read. */
const nameBytesFirst = 4 * 1024;
const changesFirst = 128;

/**
 * Stored changes without their values, oldest first, in flat memory: an object for each would cost as much as adding
 * the change to the index. Sorted by key they are added leaf by leaf. A run is filled again and again.
 */
export class HeadRun {
  /** Number of changes. */
  count = 0;
  main = new Float64Array(changesFirst);
  sub = new Uint32Array(changesFirst);
  /** Both are 0 for a tombstone. */
  createRevision = new Float64Array(changesFirst);
  version = new Float64Array(changesFirst);
  /** Bytes of the stored values. */
  bytes = new Uint32Array(changesFirst);
  #leases = new BigInt64Array(changesFirst);
  #leaseWords = new Uint32Array(this.#leases.buffer);
  /** The end of each name, behind a 0: `#ends[at]` is where name `at` begins. */
  #ends = new Uint32Array(changesFirst + 1);
  readonly #names = new NameOrder();
  #nameBytes = Buffer.allocUnsafeSlow(nameBytesFirst);

  /** Whether the run should take `count` more changes. There is always room for the bytes of their names. */
  hasRoom(count: number): boolean {
    return this.count + count <= namesMax && this.nameEnd(this.count - 1) < nameBytesMax;
  }

  /** The names of all changes. */
  get names(): Buffer {
    return this.#nameBytes;
  }

  /** Where the name of change `at` begins in `names`. */
  nameStart(at: number): number {
    return this.#ends[at] ?? 0;
  }

  nameEnd(at: number): number {
    return this.#ends[at + 1] ?? 0;
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
   * Adds a change, for which the run has room.
   *
   * @param names has the name in its bytes `[from, to)`
   * @returns the place in which the caller puts the other numbers
   */
  add(names: Uint8Array, from: number, to: number): number {
    assert(this.count < namesMax, "a run has room for a change that is added");
    if (this.count === this.main.length) this.#grow();
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
    this.#ends[at + 1] = end;
    return at;
  }

  /** Numbers of the changes, by key, and those of a key oldest first. */
  sorted(): Uint32Array {
    this.#names.sort({ bytes: this.#nameBytes, starts: this.#ends }, this.count);
    return this.#names.order.subarray(0, this.count);
  }

  #grow(): void {
    this.main = new Float64Array(doubled(this.main.buffer));
    this.sub = new Uint32Array(doubled(this.sub.buffer));
    this.createRevision = new Float64Array(doubled(this.createRevision.buffer));
    this.version = new Float64Array(doubled(this.version.buffer));
    this.bytes = new Uint32Array(doubled(this.bytes.buffer));
    this.#leases = new BigInt64Array(doubled(this.#leases.buffer));
    this.#leaseWords = new Uint32Array(this.#leases.buffer);
    this.#ends = new Uint32Array(doubled(this.#ends.buffer));
  }
}

/** A copy of twice the length. */
function doubled(numbers: ArrayBuffer): ArrayBuffer {
  const more = new ArrayBuffer(2 * numbers.byteLength);
  new Uint8Array(more).set(new Uint8Array(numbers));
  return more;
}
