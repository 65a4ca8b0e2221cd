import { type Backend, type Readable, readCopy, rowsOfStepMax } from "../backend/index.js";
import { type Clock, type Key, keyAfter, type LeaseId, type RowSink, Turns } from "../base/index.js";
import { HeadRun } from "./keys/head-run.js";
import type { KeyIndex } from "./keys/key-index.js";
import { isTombstoneKey, mainOf, revisionKey, subOf } from "./revision.js";
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
  rows = 0;
  /** Bytes of the changes, keys and values. */
  bytes = 0;
  /** Whether any change names a lease. */
  leased = false;
  /** Number of the newest change in its revision. */
  #sub = 0;
  readonly #index: KeyIndex;
  readonly #turns: Turns;
  readonly #run = new HeadRun();
  readonly #head = new HeadReader();

  constructor(index: KeyIndex, clock: Clock) {
    this.#index = index;
    this.#turns = new Turns(clock);
  }

  /** The stored key of the change that may follow; undefined before the first one. */
  get behind(): Uint8Array | undefined {
    return this.rows === 0 ? undefined : revisionKey(this.revision, this.#sub + 1);
  }

  /** Whether `count` changes can be added before the next `flush`. */
  hasRoom(count: number): boolean {
    return this.#run.hasRoom(count);
  }

  add(keys: Uint8Array, keyAt: number, keyBytes: number, values: Uint8Array, valueAt: number, valueBytes: number) {
    const storedKey = keys.subarray(keyAt, keyAt + keyBytes);
    const head = this.#head;
    head.read(values, valueAt, valueAt + valueBytes);
    this.revision = mainOf(storedKey);
    this.#sub = subOf(storedKey);
    this.rows++;
    this.bytes += keyBytes + valueBytes;
    const run = this.#run;
    const at = run.add(values, head.keyAt, head.keyEnd);
    run.main[at] = this.revision;
    run.sub[at] = this.#sub;
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

/** Where changes are stored. Of a database that can be copied many of them are read from a copy. */
type Stored = Pick<Readable, "batches"> & Partial<Pick<Backend, "copyPlace" | "copyTo">>;

/** Fewer changes are read faster than the database is copied. */
const copiedRowsMin = 16_384;

/**
 * Reads stored changes into an index. Values stay on disk.
 *
 * @param low stored key of the first change; all changes by default
 */
export async function restoreIndex(
  backend: Stored,
  index: KeyIndex,
  clock: Clock,
  low?: Uint8Array,
  onRows: (done: RestoredRows) => void = () => undefined,
): Promise<RestoredRows> {
  const restored = new RestoredRows(index, clock);
  if (backend.copyPlace !== undefined) {
    await addBatches(backend, restored, low, onRows, copiedRowsMin);
    if (restored.rows >= copiedRowsMin) await addCopied(backend, restored, clock, onRows);
  }
  await addBatches(backend, restored, restored.behind ?? low, onRows, Number.POSITIVE_INFINITY);
  await restored.flush();
  return restored;
}

/** Adds changes as the database reads them, until there are `rowsMax`. */
async function addBatches(
  backend: Stored,
  restored: RestoredRows,
  low: Uint8Array | undefined,
  onRows: (done: RestoredRows) => void,
  rowsMax: number,
): Promise<void> {
  for await (const rows of backend.batches("key", low)) {
    for (const [key, value] of rows) {
      if (!restored.hasRoom(1)) await restored.flush();
      restored.add(key, 0, key.length, value, 0, value.length);
    }
    onRows(restored);
    if (restored.rows >= rowsMax) return;
  }
}

/** Adds the changes that follow, from a copy of the database. They cost a fifth of what they cost otherwise. */
async function addCopied(
  backend: Stored,
  restored: RestoredRows,
  clock: Clock,
  onRows: (done: RestoredRows) => void,
): Promise<void> {
  try {
    await readCopy(backend, new Turns(clock), async (copy) => {
      for await (const _ of copy.addTo("key", restored, restored.behind)) {
        if (!restored.hasRoom(rowsOfStepMax)) await restored.flush();
        onRows(restored);
      }
    });
  } catch {
    // A fault of the disk shows again when the database itself is read, which goes on behind the last change.
  }
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
