import { crc32c, EtcdError, type Key, keyAfter, keyToBytes, Turns } from "../base/index.js";
import { noRow } from "./keys/key-rows.js";
import { isTombstoneKey, mainOf, revisionKey, subOf } from "./revision.js";
import { readStoredKey } from "./stored-head.js";
import type { StoredHistory } from "./stored-history.js";

/** A checksum over the history up to one revision: equal on all members with the same history. */
export interface KvHash {
  readonly hash: number;
  /** The compacted revision when the hash was computed; -1 when nothing was ever compacted. */
  readonly compactRevision: number;
  /** The last revision that the hash covers. */
  readonly revision: number;
}

/**
 * Hashes stored changes in their order. Tombstones at the compacted revision are left out, because older versions of
 * etcd removed them.
 */
export class KvHasher {
  readonly #compactRevision: number;
  #crc = crc32c(keyToBytes("key"));

  constructor(compactRevision: number) {
    this.#compactRevision = compactRevision;
  }

  get sum(): number {
    return this.#crc;
  }

  add(storedKey: Uint8Array, value: Uint8Array): void {
    if (mainOf(storedKey) === this.#compactRevision && isTombstoneKey(storedKey)) return;
    this.#crc = crc32c(value, crc32c(storedKey, this.#crc));
  }
}

/**
 * Hashes the history up to `revision`; 0 means all of it, and a negative one none.
 *
 * @throws EtcdError `futureRevision` or `compacted`
 */
export async function hashHistory(state: StoredHistory, revision: number, client?: object): Promise<KvHash> {
  const { compactedRevision } = state;
  if (revision > 0 && revision < compactedRevision) throw new EtcdError("compacted");
  if (revision > state.revision) throw new EtcdError("futureRevision");
  const at = revision === 0 ? state.revision : revision;
  const result = { compactRevision: compactedRevision, revision: at };
  if (at < 0) return { ...result, hash: new KvHasher(compactedRevision).sum };
  const rows = state.backend.batches("key", revisionKey(0, 0), revisionKey(at + 1, 0));
  // The index must keep the records visible at these revisions, so a later compaction has to wait.
  const hold = state.pins.hold(compactedRevision);
  try {
    const turns = new Turns(state.clock, undefined, client);
    const visible = (await anyVisible(state, at, turns)) ? at : compactedRevision;
    const hasher = new KvHasher(compactedRevision);
    for await (const batch of rows) {
      for (const [key, value] of batch) {
        // Compacted revisions that are no longer visible are left out: their removal may or may not have happened yet.
        if (mainOf(key) > compactedRevision || isVisible(state, key, value, visible)) hasher.add(key, value);
        if (turns.over(value.byteLength)) await turns.rest();
      }
    }
    return { ...result, hash: hasher.sum };
  } finally {
    hold.release();
  }
}

/**
 * Whether any key exists at `at`. When none does, etcd's set of records to keep is empty, which etcd takes for "keep
 * all stored records": those that were visible at the compacted revision.
 */
async function anyVisible(state: StoredHistory, at: number, turns: Turns): Promise<boolean> {
  let found = false;
  for (let low: Key | undefined = ""; low !== undefined && !found; ) {
    let next: Key | undefined;
    state.index.walk(low, undefined, (row, visited) => {
      found = state.index.records.visibleAt(row, at) >= 0;
      if (turns.over(0)) next = keyAfter(visited.key);
      return !found && next === undefined;
    });
    low = next;
    if (low !== undefined) await turns.rest();
  }
  return found;
}

function isVisible(state: StoredHistory, storedKey: Uint8Array, value: Uint8Array, at: number): boolean {
  const row = state.index.get(readStoredKey(value));
  if (row === noRow) return false;
  const { records } = state.index;
  const position = records.visibleAt(row, at);
  return (
    position >= 0 &&
    records.mainAt(row, position) === mainOf(storedKey) &&
    records.subAt(row, position) === subOf(storedKey)
  );
}
