import { EtcdError, Turns } from "../base/index.js";
import { KeyValue } from "../wire/index.js";
import { type Change, Deletion } from "./change.js";
import { ChangeList } from "./change-list.js";
import { isTombstoneKey, mainOf, revisionKey } from "./revision.js";
import type { StoreState } from "./store-state.js";
import { readStoredHead, readStoredKey } from "./stored-head.js";

/** A stretch ends after this many bytes, even with few changes. */
const bytesMax = 4 * 1024 * 1024;

/** A stretch of history for a watcher that catches up. */
export interface History {
  /** Changes in order; of each revision all or none. */
  readonly changes: Iterable<Change>;
  /** The last revision that the stretch covers, even when no change of it is left. */
  readonly through: number;
}

/** A stretch that was read from the backend. */
export interface StoredHistory extends History {
  /** Approximate memory of the changes. */
  readonly bytes: number;
}

/**
 * Reads changes from revision `low` on, as of the call, in turns of a few milliseconds. It stops after the revision
 * that reaches `countMax` changes or `bytesMax`, so a single large revision may exceed both: its deletes are kept as
 * names outside of V8's heap, and the bytes of a request bound its puts.
 *
 * @throws EtcdError `compacted` when `low` is below the compacted revision
 */
export async function readHistory(state: StoreState, low: number, countMax: number): Promise<StoredHistory> {
  const { revision } = state;
  if (low < state.compactedRevision) throw new EtcdError("compacted");
  const changes: Change[] = [];
  // Further changes of the last revision.
  let rest: ChangeList | undefined;
  const turns = new Turns(state.clock);
  let bytes = 0;
  const rowsThrough = revisionKey(revision + 1, 0);
  for await (const rows of state.backend.batches("key", revisionKey(Math.max(low, 0), 0), rowsThrough)) {
    for (const [storedKey, value] of rows) {
      const main = mainOf(storedKey);
      const full = changes.length >= countMax || bytes >= bytesMax;
      if (full && changes.at(-1)?.modRevision !== main) {
        return { changes: joined(changes, rest), through: main - 1, bytes };
      }
      bytes += value.byteLength;
      if (changes.length < countMax) changes.push(storedChange(storedKey, main, value));
      else {
        rest ??= new ChangeList(main);
        if (isTombstoneKey(storedKey)) rest.addDelete(readStoredKey(value), undefined);
        else rest.addPut(storedChange(storedKey, main, value));
      }
      if (turns.over(value.byteLength)) await turns.rest();
    }
  }
  return { changes: joined(changes, rest), through: revision, bytes };
}

function joined(changes: readonly Change[], rest: ChangeList | undefined): Iterable<Change> {
  if (rest === undefined) return changes;
  return {
    *[Symbol.iterator]() {
      yield* changes;
      yield* rest;
    },
  };
}

function storedChange(storedKey: Uint8Array, modRevision: number, value: Uint8Array): Change {
  if (isTombstoneKey(storedKey)) return new Deletion(readStoredKey(value), modRevision);
  const { key, createRevision, version, leaseId } = readStoredHead(value);
  const kv = KeyValue.encoded(value);
  return { type: "put", key, kv, previous: undefined, modRevision, createRevision, version, leaseId };
}
