import type { LevelStore } from "../backend/index.js";
import { type Entry, entrySize } from "../raft/index.js";
import { broken } from "./broken.js";
import { decodeRun, runKey, runKeysFrom, runOf, unseal } from "./record.js";

/** The most runs that arrive in one turn of the event loop. */
const runsAtOnce = 16;

/**
 * Reads the entries from `first` to `last` of one segment, as many as fit into `bytesMax`, but at least one.
 *
 * @throws DiskError when one of them is damaged or missing
 */
export async function readEntries(
  store: LevelStore,
  first: number,
  last: number,
  bytesMax: number,
): Promise<readonly Entry[]> {
  const keys = runKeysFrom(first);
  const iterator = store.iterate(keys.first, keys.end);
  const found: Entry[] = [];
  let bytes = 0;
  try {
    for (let rows = await iterator.nextv(runsAtOnce); rows.length > 0; rows = await iterator.nextv(runsAtOnce)) {
      for (const [key, record] of rows) {
        for (const entry of entriesIn(store, first + found.length, key, record)) {
          bytes += entrySize(entry);
          if (entry.index > last || (bytes > bytesMax && found.length > 0)) return found;
          found.push(entry);
        }
      }
    }
  } finally {
    await iterator.close();
  }
  return found;
}

/** The entries from `next` on in a run, which must have the entry at `next`. */
function entriesIn(store: LevelStore, next: number, key: Uint8Array, record: Uint8Array): readonly Entry[] {
  const run = runOf(key);
  if (run === undefined || run.first > next) throw broken(store, next, "it is missing, and later entries are there");
  const body = unseal(runKey(run), record);
  if (body === undefined) throw broken(store, next, "it does not match its checksum");
  return decodeRun(run, body).entries.slice(next - run.first);
}
