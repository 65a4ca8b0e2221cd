import { EtcdError } from "../base/index.js";
import { KeyValue } from "../wire/index.js";
import type { Change } from "./change.js";
import { isTombstoneKey, mainOf, revisionKey } from "./revision.js";
import type { StoreState } from "./store-state.js";
import { readStoredHead, readStoredKey } from "./stored-head.js";
import { Turns } from "./turns.js";
import { deletion } from "./write-txn.js";

/** A stretch of history for someone who catches up. */
export interface History {
  /** In order, and of each revision all or none. */
  readonly changes: readonly Change[];
  /** The revision to go on from; everything below it was read. */
  readonly next: number;
}

/**
 * Changes of the revisions `low` to `last`, both included, as far as there are any yet, in turns of a few milliseconds. It stops before the first
 * revision that begins with `countMax` changes or `bytesMax` bytes already read, so one revision may go past both.
 *
 * @throws EtcdError `compacted` when `low` is below the compacted revision
 */
export async function readHistory(
  state: StoreState,
  low: number,
  last: number,
  countMax: number,
  bytesMax: number,
): Promise<History> {
  if (low < state.compactedRevision) throw new EtcdError("compacted");
  const end = Math.min(last, state.revision) + 1;
  const changes: Change[] = [];
  if (end <= low) return { changes, next: low };
  const turns = new Turns(state.clock);
  let bytes = 0;
  for await (const rows of state.backend.batches("key", revisionKey(low, 0), revisionKey(end, 0))) {
    for (const [storedKey, value] of rows) {
      const main = mainOf(storedKey);
      const full = changes.length >= countMax || bytes >= bytesMax;
      if (full && changes.at(-1)?.modRevision !== main) return { changes, next: main };
      changes.push(storedChange(storedKey, main, value));
      bytes += value.byteLength;
      if (turns.over()) await turns.rest();
    }
  }
  return { changes, next: end };
}

function storedChange(storedKey: Uint8Array, modRevision: number, value: Uint8Array): Change {
  if (isTombstoneKey(storedKey)) return deletion(readStoredKey(value), modRevision);
  const { key, createRevision, version, leaseId } = readStoredHead(value);
  return { type: "put", key, kv: KeyValue.encoded(value), modRevision, createRevision, version, leaseId };
}
