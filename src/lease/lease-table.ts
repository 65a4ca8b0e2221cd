import { FlatRows, hashOfLong, type Key, type LeaseId, RowBuckets } from "../base/index.js";
import { AttachedKeys, noKey } from "./attached-keys.js";

/** A lease of a `LeaseTable`, by the number of its row. `noLease` is none. */
export type LeaseRow = number;
export const noLease: LeaseRow = 0;

/** Fields of a lease, in words. The first two belong to the table of ids. */
const hashAt = 0;
const nextAt = 1;
const idAt = 2;
const ttlAt = 4;
const checkpointAt = 6;
const expiryAt = 8;
const dueAt = 10;
const checkpointDueAt = 12;
const placeAt = 14;
const checkpointPlaceAt = 15;
const firstKeyAt = 16;
const keyCountAt = 17;
const serialAt = 18;
const wordsOfLease = 20;

/** The fields of leases that an `ExpiryQueue` uses. */
export const expiryFields = [dueAt, placeAt] as const;
export const checkpointFields = [checkpointDueAt, checkpointPlaceAt] as const;

/**
 * All leases and the keys that are attached to them, in rows of 80 bytes outside of V8's heap. A million of them are no
 * objects that a garbage collection would walk.
 *
 * A row is given to another lease later. Code that keeps a row across turns compares its serial number, which no two
 * leases share.
 */
export class LeaseTable {
  readonly rows = new FlatRows(wordsOfLease);
  readonly #ids = new RowBuckets(this.rows, hashAt, nextAt);
  readonly #keys = new AttachedKeys();
  #serial = 0;

  get size(): number {
    return this.#ids.count;
  }

  /** Bytes of memory outside of V8's heap. */
  get bytes(): number {
    return this.rows.bytes + this.#ids.bytes + this.#keys.bytes;
  }

  /** Bytes of memory in use. */
  get usedBytes(): number {
    return this.rows.usedBytes + this.#ids.bytes + this.#keys.usedBytes;
  }

  /** Serial number of the lease that was added last. Those added later have higher ones. */
  get newestSerial(): number {
    return this.#serial;
  }

  /** The lease with this id; `noLease` when there is none. */
  find(id: LeaseId): LeaseRow {
    const hash = hashOfLong(id);
    let lease = this.#ids.first(hash);
    while (lease !== noLease && !(this.#ids.hasHash(lease, hash) && this.id(lease) === id))
      lease = this.#ids.next(lease);
    return lease;
  }

  /** Adds a lease; there is none with this id. */
  add(id: LeaseId, ttlSeconds: number, checkpointSeconds = 0): LeaseRow {
    const { rows } = this;
    const lease = rows.take();
    rows.setLong(lease, idAt, id);
    rows.setNumber(lease, ttlAt, ttlSeconds);
    this.setCheckpointSeconds(lease, checkpointSeconds);
    rows.setNumber(lease, serialAt, ++this.#serial);
    this.setExpiry(lease, Number.POSITIVE_INFINITY);
    this.#ids.add(lease, hashOfLong(id));
    return lease;
  }

  /** Removes a lease. Its keys stay attached until they are detached. */
  remove(lease: LeaseRow): void {
    this.#ids.remove(lease);
    this.rows.setNumber(lease, serialAt, 0);
    if (this.keyCount(lease) === 0) this.rows.give(lease);
  }

  /** All leases, without those that are removed before they are reached. */
  *each(): Generator<LeaseRow, void, undefined> {
    for (let lease = 1; lease < this.rows.end; lease++) if (this.serial(lease) !== 0) yield lease;
  }

  id(lease: LeaseRow): LeaseId {
    return this.rows.long(lease, idAt) as LeaseId;
  }

  /** Serial number of a lease; 0 when there is none in this row. */
  serial(lease: LeaseRow): number {
    return this.rows.number(lease, serialAt);
  }

  /** Granted time to live in seconds. */
  ttlSeconds(lease: LeaseRow): number {
    return this.rows.number(lease, ttlAt);
  }

  /** Time to live that was left at the last checkpoint, in seconds; 0 without a valid checkpoint. */
  checkpointSeconds(lease: LeaseRow): number {
    return this.rows.double(lease, checkpointAt);
  }

  setCheckpointSeconds(lease: LeaseRow, seconds: number): void {
    this.rows.setDouble(lease, checkpointAt, seconds);
  }

  /** Time to live in seconds that a lease gets from a new primary. */
  renewalSeconds(lease: LeaseRow): number {
    const left = this.checkpointSeconds(lease);
    return left > 0 ? left : this.ttlSeconds(lease);
  }

  /** Expiry in milliseconds on the lessor's clock; valid on the primary only. */
  expiry(lease: LeaseRow): number {
    return this.rows.double(lease, expiryAt);
  }

  setExpiry(lease: LeaseRow, expiry: number): void {
    this.rows.setDouble(lease, expiryAt, expiry);
  }

  keyCount(lease: LeaseRow): number {
    return this.rows.word(lease, keyCountAt);
  }

  /** Keys of a lease in the order of attachment. Keys may be detached meanwhile; they are skipped. */
  keys(lease: LeaseRow): Iterable<Key> {
    return this.#keys.each(this.rows.word(lease, firstKeyAt));
  }

  /** The lease of a key, which may be removed already; `noLease` when it has none. */
  leaseOf(key: Key): LeaseRow {
    const attached = this.#keys.find(key);
    return attached === noKey ? noLease : this.#keys.lease(attached);
  }

  /** Attaches a key to a lease, and detaches it from any other. */
  attach(key: Key, lease: LeaseRow): void {
    const attached = this.#keys.find(key);
    if (attached === noKey) {
      this.#setKeys(lease, this.#keys.add(key, lease, this.#firstKey(lease)), 1);
      return;
    }
    const before = this.#keys.lease(attached);
    if (before === lease) return;
    const [left, joined] = this.#keys.move(attached, this.#firstKey(before), lease, this.#firstKey(lease));
    this.#setKeys(lease, joined, 1);
    this.#setKeys(before, left, -1);
  }

  /** Detaches a key from its lease, if it has one. */
  detach(key: Key): void {
    const attached = this.#keys.find(key);
    if (attached === noKey) return;
    const lease = this.#keys.lease(attached);
    this.#setKeys(lease, this.#keys.remove(attached, this.#firstKey(lease)), -1);
  }

  #firstKey(lease: LeaseRow): number {
    return this.rows.word(lease, firstKeyAt);
  }

  #setKeys(lease: LeaseRow, first: number, more: number): void {
    const count = this.keyCount(lease) + more;
    this.rows.setWord(lease, firstKeyAt, first);
    this.rows.setWord(lease, keyCountAt, count);
    // The last key of a lease that was removed before.
    if (count === 0 && this.serial(lease) === 0) this.rows.give(lease);
  }
}
