import { NewRows } from "../backend/index.js";
import type { Key, Steps, WorkBudget } from "../base/index.js";
import type { ChangeList } from "./change-list.js";
import type { KeyLeaf } from "./keys/key-leaf.js";
import type { Row } from "./keys/key-rows.js";
import { setSub, tombstoneKey } from "./revision.js";
import type { StoreState } from "./store-state.js";
import { TombstoneValue } from "./stored-head.js";

/** A delete of more keys goes from leaf to leaf of the index. The keys of a smaller one are told with their pairs. */
export const keysOfLargeDelete = 1_024;
/** The most tombstones that are handed to the backend at once. */
const rowsAtOnce = 4_096;
/** The most bytes of tombstones that are collected: names may be long. */
const bytesAtOnce = 1024 * 1024;
/** Cost of deleting a key, in the unit of `WorkBudget`: that of any small step, although it takes less time. */
const bytesOfDelete = 1024;

interface KeyRange {
  readonly low: Key;
  readonly high: Key | undefined;
}

/**
 * Deletes the keys of a range, of which there are very many: makes the tombstones from the leaves of the index, without
 * an object for any key.
 *
 * @param main the revision of the changes
 */
export function* deleteMany(
  { backend, cache, index }: StoreState,
  changes: ChangeList,
  main: number,
  { low, high }: KeyRange,
  budget: WorkBudget,
): Steps<void> {
  const { rows } = index.records;
  const storedKey = tombstoneKey(main, 0);
  const value = new TombstoneValue();
  const tombstones = new NewRows("key");
  let leased = false;
  /** Keys that have been deleted in this step. */
  let count = 0;
  const onBuried = (row: Row, sub: number, keys: KeyLeaf, place: number): void => {
    if (rows.cachePlace(row) !== 0) cache.drop(row);
    if (rows.hasLease(row)) {
      leased = true;
      rows.setLeaseId(row, 0n);
    }
    setSub(storedKey, sub);
    const length = value.write(keys, place);
    rows.setBytes(row, length);
    tombstones.add(storedKey, value.bytes, length);
    count++;
  };
  const hand = (): void => {
    if (tombstones.length === 0) return;
    changes.addDeletes(backend.putRows(tombstones), leased);
    leased = false;
  };
  const full = (): boolean => {
    if (tombstones.length >= rowsAtOnce || tombstones.valueBytes >= bytesAtOnce) hand();
    const cost = count * bytesOfDelete;
    count = 0;
    return budget.over(cost);
  };
  for (let next: Key | undefined = low; next !== undefined; ) {
    next = index.buryRange(next, high, main, changes.length + tombstones.length, onBuried, full);
    if (next !== undefined) yield;
  }
  hand();
}
