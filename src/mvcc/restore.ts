import type { Readable } from "../backend/index.js";
import { type Clock, type Key, keyAfter, type LeaseId, type RowSink, Turns } from "../base/index.js";
import { HeadRun } from "./keys/head-run.js";
import type { KeyIndex } from "./keys/key-index.js";
import { isTombstoneKey, mainOf, subOf } from "./revision.js";
import { HeadReader } from "./stored-head.js";

/** Keys that are added to the index between two looks at the clock, and the bytes that could be read in that time. */
const keysOfStep = 256;
const bytesOfKey = 512;

/**
 * Adds stored changes to an index, oldest first. Changes that the index has already are passed over. They are collected
 * in runs, which are sorted by key: scattered keys in the order of their changes would cost several times as much.
 */
export class RestoredRows implements RowSink {
  /** Revision of the newest change; 0 for none. */
  revision = 0;
  /** Number of the newest change in its revision. */
  sub = 0;
  rows = 0;
  /** Bytes of the changes, keys and values. */
  bytes = 0;
  /** Whether any change names a lease. */
  leased = false;
  readonly #index: KeyIndex;
  readonly #turns: Turns;
  readonly #run = new HeadRun();
  readonly #head = new HeadReader();

  constructor(index: KeyIndex, clock: Clock) {
    this.#index = index;
    this.#turns = new Turns(clock);
  }

  /** Whether `flush` must be called before the next change. */
  get full(): boolean {
    return this.#run.full;
  }

  add(keys: Uint8Array, keyAt: number, keyBytes: number, values: Uint8Array, valueAt: number, valueBytes: number) {
    const storedKey = keys.subarray(keyAt, keyAt + keyBytes);
    this.revision = mainOf(storedKey);
    this.sub = subOf(storedKey);
    this.rows++;
    this.bytes += keyBytes + valueBytes;
    const head = this.#head;
    head.read(values, valueAt, valueAt + valueBytes);
    const run = this.#run;
    const at = run.add(values, head.keyAt, head.keyEnd);
    run.main[at] = this.revision;
    run.sub[at] = this.sub;
    run.bytes[at] = valueBytes;
    // Only the mark in the stored key tells a tombstone, whose pair holds nothing but the key.
    const tombstone = isTombstoneKey(storedKey);
    // A row without a key marks the revision from which a restored member was told to continue. It stays in the index
    // like the last change of a key.
    const isMark = valueBytes === 0;
    run.createRevision[at] = tombstone ? 0 : isMark ? this.revision : head.createRevision;
    run.version[at] = tombstone ? 0 : isMark ? 1 : head.version;
    run.setLeaseId(at, tombstone ? 0n : head.leaseId);
    if (head.leaseId !== 0n) this.leased = true;
  }

  /** Brings the collected changes into the index, in turns. */
  async flush(): Promise<void> {
    const order = this.#run.sorted();
    for (let from = 0; from < order.length; from += keysOfStep) {
      if (this.#turns.over(keysOfStep * bytesOfKey)) await this.#turns.rest();
      this.#index.restore(this.#run, order.subarray(from, from + keysOfStep));
    }
    this.#run.clear();
  }
}

/**
 * Reads stored changes into an index. Values stay on disk.
 *
 * @param low stored key of the first change; all changes by default
 */
export async function restoreIndex(
  backend: Pick<Readable, "batches">,
  index: KeyIndex,
  clock: Clock,
  low?: Uint8Array,
  onRows: (done: RestoredRows) => void = () => undefined,
): Promise<RestoredRows> {
  const restored = new RestoredRows(index, clock);
  for await (const rows of backend.batches("key", low)) {
    for (const [key, value] of rows) {
      if (restored.full) await restored.flush();
      restored.add(key, 0, key.length, value, 0, value.length);
    }
    onRows(restored);
  }
  await restored.flush();
  return restored;
}

/** Calls `onLease` for every existing key with a lease, in turns. */
export async function tellLeases(
  index: KeyIndex,
  clock: Clock,
  onLease: (key: Key, leaseId: LeaseId) => void,
): Promise<void> {
  const turns = new Turns(clock);
  const { rows } = index.records;
  for (let low: Key | undefined = ""; low !== undefined; ) {
    let next: Key | undefined;
    index.walk(low, undefined, (row, visited) => {
      const leaseId = rows.leaseId(row);
      if (leaseId !== 0n) onLease(visited.key, leaseId as LeaseId);
      if (!turns.over(0)) return true;
      next = keyAfter(visited.key);
      return false;
    });
    low = next;
    if (low !== undefined) await turns.rest();
  }
}
