import type { Row } from "../backend/index.js";
import type { Key, LeaseId } from "../base/index.js";
import type { KeyIndex } from "./key-index.js";
import { isTombstoneKey, mainOf, subOf } from "./revision.js";
import type { StoreState } from "./store-state.js";
import { readStoredHead } from "./stored-head.js";

/**
 * Reads all stored changes, oldest first, into the empty index of `state`, and sets its revision to the newest.
 * Values stay where they are.
 *
 * @param onLease hears of every key that exists and has a lease, when all is read
 */
export async function restoreIndex(state: StoreState, onLease: (key: Key, leaseId: LeaseId) => void): Promise<void> {
  const leases = new Map<Key, LeaseId>();
  for await (const rows of state.backend.batches("key")) {
    for (const row of rows) restoreChange(state.index, leases, row);
    const newest = rows.at(-1);
    if (newest !== undefined) state.revision = Math.max(state.revision, mainOf(newest[0]));
  }
  for (const [key, leaseId] of leases) onLease(key, leaseId);
}

/** What comes first of a key may be in the middle of its life: the rest was compacted. */
function restoreChange(index: KeyIndex, leases: Map<Key, LeaseId>, [storedKey, value]: Row): void {
  const main = mainOf(storedKey);
  const sub = subOf(storedKey);
  const { key, createRevision, version, leaseId } = readStoredHead(value);
  const tombstone = isTombstoneKey(storedKey);
  if (leaseId !== 0n && !tombstone) leases.set(key, leaseId as LeaseId);
  else if (leases.size > 0) leases.delete(key);
  const known = index.get(key) !== undefined;
  if (!known) index.restore(key, main, sub, tombstone ? 0 : createRevision, tombstone ? 0 : version);
  else if (tombstone) index.bury(key, main, sub);
  else index.put(key, main, sub);
}
