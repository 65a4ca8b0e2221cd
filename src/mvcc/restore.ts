import type { Row } from "../backend/index.js";
import { type Key, type LeaseId, WideMap } from "../base/index.js";
import type { KeyIndex } from "./keys/key-index.js";
import { isTombstoneKey, mainOf, subOf } from "./revision.js";
import { readStoredHead } from "./stored-head.js";
import type { StoredHistory } from "./stored-history.js";

/**
 * Reads all stored changes, oldest first, into the empty index of `state`, and sets its revision to the newest. Values
 * stay on disk.
 *
 * @param onLease called for every existing key with a lease, after all changes have been read
 */
export async function restoreIndex(state: StoredHistory, onLease: (key: Key, leaseId: LeaseId) => void): Promise<void> {
  const leases = new WideMap<Key, LeaseId>();
  for await (const rows of state.backend.batches("key")) {
    for (const row of rows) restoreChange(state.index, leases, row);
    const newest = rows.at(-1);
    if (newest !== undefined) state.revision = Math.max(state.revision, mainOf(newest[0]));
  }
  for (const [key, leaseId] of leases) onLease(key, leaseId);
}

function restoreChange(index: KeyIndex, leases: WideMap<Key, LeaseId>, [storedKey, value]: Row): void {
  const { key, createRevision, version, leaseId } = readStoredHead(value);
  // Only the mark in the stored key tells a tombstone, whose pair holds nothing but the key.
  const tombstone = isTombstoneKey(storedKey);
  if (leaseId !== 0n && !tombstone) leases.set(key, leaseId as LeaseId);
  else if (leases.size > 0) leases.delete(key);
  const [main, sub] = [mainOf(storedKey), subOf(storedKey)];
  // A row without a key marks the revision from which a restored member was told to continue. It stays in the index
  // like the last change of a key.
  const isMark = value.length === 0;
  const row = tombstone
    ? index.restore(key, main, sub, 0, 0)
    : index.restore(key, main, sub, isMark ? main : createRevision, isMark ? 1 : version);
  index.records.rows.setLeaseId(row, tombstone ? 0n : leaseId);
  index.records.rows.setBytes(row, value.byteLength);
}
