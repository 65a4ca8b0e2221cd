import type { Readable, Row } from "../backend/index.js";
import { type Clock, type Key, keyAfter, type LeaseId, Turns } from "../base/index.js";
import type { KeyIndex } from "./keys/key-index.js";
import { noRow } from "./keys/key-rows.js";
import { isTombstoneKey, mainOf, subOf } from "./revision.js";
import { readStoredHead } from "./stored-head.js";

/** Adds stored changes to an index, oldest first. Changes that the index has already are passed over. */
export class RestoredRows {
  /** Revision of the newest change; 0 for none. */
  revision = 0;
  rows = 0;
  /** Bytes of the changes, keys and values. */
  bytes = 0;
  /** Whether any change names a lease. */
  leased = false;
  readonly #index: KeyIndex;

  constructor(index: KeyIndex) {
    this.#index = index;
  }

  add(rows: readonly Row[]): void {
    for (const row of rows) this.#add(row);
    this.rows += rows.length;
    const newest = rows.at(-1);
    if (newest !== undefined) this.revision = Math.max(this.revision, mainOf(newest[0]));
  }

  #add([storedKey, value]: Row): void {
    const { key, createRevision, version, leaseId } = readStoredHead(value);
    this.bytes += storedKey.byteLength + value.byteLength;
    // Only the mark in the stored key tells a tombstone, whose pair holds nothing but the key.
    const tombstone = isTombstoneKey(storedKey);
    const [main, sub] = [mainOf(storedKey), subOf(storedKey)];
    // A row without a key marks the revision from which a restored member was told to continue. It stays in the index
    // like the last change of a key.
    const isMark = value.length === 0;
    const row = tombstone
      ? this.#index.restore(key, main, sub, 0, 0)
      : this.#index.restore(key, main, sub, isMark ? main : createRevision, isMark ? 1 : version);
    if (row === noRow) return;
    if (leaseId !== 0n) this.leased = true;
    this.#index.records.rows.setLeaseId(row, tombstone ? 0n : leaseId);
    this.#index.records.rows.setBytes(row, value.byteLength);
  }
}

/** Reads all stored changes into an empty index. Values stay on disk. */
export async function restoreIndex(
  backend: Pick<Readable, "batches">,
  index: KeyIndex,
  onRows: (done: RestoredRows) => void = () => undefined,
): Promise<RestoredRows> {
  const restored = new RestoredRows(index);
  for await (const rows of backend.batches("key")) {
    restored.add(rows);
    onRows(restored);
  }
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
