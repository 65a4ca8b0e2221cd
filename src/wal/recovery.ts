import { checkLog, checkTables, DiskError, type LevelStore, type LogDamage, type StoredRow } from "../backend/index.js";
import type { Logger } from "../base/index.js";
import type { Entry, Snapshot } from "../raft/index.js";
import { decodeLogState, emptyLogState, encodeLogState, type LogState, type Position } from "./log-state.js";
import { allKeys, decodeEntry, entryIndex, entryKey, indexFrom, seal, stateKey, unseal } from "./record.js";
import { loadSnapshot } from "./snapshots.js";

/** What the log says after it was checked. */
export interface Recovered {
  /** `undefined` when there is no log yet. */
  readonly state: LogState | undefined;
  /** The newest snapshot. */
  readonly snapshot: Snapshot | undefined;
  /** Every entry after the compacted one. */
  readonly entries: Entry[];
  /** The first entry on disk, those included that a compaction has not come to. */
  readonly lowest: number;
}

/** Entries read at once. */
const rowsAtOnce = 1024;

/*
 * What a power cut or a damaged disk can leave, and what becomes of it.
 *
 * Every save is one LevelDB batch, synced before it is acknowledged. LevelDB writes a batch as one record with a sum of
 * its own, so a torn write loses the newest batch as a whole: the log then ends before it, and nobody was told about
 * it. A changed bit does other things: in LevelDB's log it drops that batch, and good ones with it (`checkLog` refuses
 * those before LevelDB opens them); in a table it changes or hides single records, since LevelDB compares no sums when
 * it reads tables. So each record here is sealed, entries are chained, and the log's state, which every batch writes,
 * says where the last batch of entries began and where it ended:
 *
 * - The first bad entry (missing, wrong sum, not chained to the one before) lies inside the last batch: a broken tail.
 *   It is cut there, and logged. Raft gets such entries again from others, or the client was never answered.
 * - It lies before the last batch: others were stored, and may have been committed, on top of it. A broken middle.
 * - There is an entry after the last batch's end: the batch that cut the log there is lost. A broken middle.
 * - The hard state says that entries up to `commit` are committed; what is left of the log must reach that far.
 *
 * A broken middle stops the member: it must not take part in elections with a log it does not have.
 */
export async function recover(store: LevelStore, logger: Logger): Promise<Recovered> {
  const found = await readState(store);
  const { hardState, compacted } = found ?? emptyLogState;
  const { entries, tail } = await readEntries(store, found ?? emptyLogState);
  const last = entries.at(-1)?.index ?? compacted.index;
  if (hardState !== undefined && hardState.commit > last) {
    throw broken(store, last + 1, `entries up to ${hardState.commit} are committed, but the log ends at ${last}`);
  }
  const snapshot = await loadSnapshot(store, compacted.index, logger);
  const lowest = await lowestEntry(store, compacted);
  if (found === undefined || tail === undefined) return { state: found, snapshot, entries, lowest };
  logger.warn("cut a broken tail off the raft log", { dir: store.dir, ...tail });
  const state = { ...found, batch: { first: tail.index, last: tail.index - 1 } };
  await cutTail(store, tail, state);
  return { state, snapshot, entries, lowest };
}

/** Entries of the last batch that are of no use, from the first bad one on. */
interface BrokenTail {
  readonly index: number;
  readonly last: number;
  readonly fault: string;
}

interface ReadEntries {
  readonly entries: Entry[];
  readonly tail?: BrokenTail;
}

async function readEntries(store: LevelStore, { compacted, batch }: LogState): Promise<ReadEntries> {
  const entries: Entry[] = [];
  let before = compacted;
  let fault: string | undefined;
  for await (const rows of storedEntries(store, compacted.index + 1)) {
    for (const [key, record] of rows) {
      const index = entryIndex(key) ?? 0;
      if (index > batch.last) throw broken(store, index, `there are entries after the end of the log at ${batch.last}`);
      if (fault !== undefined) continue;
      const entry = check(key, record, before);
      if (typeof entry === "string") {
        fault = entry;
      } else {
        entries.push(entry);
        before = entry;
      }
    }
  }
  if (before.index >= batch.last) return { entries };
  const at = before.index + 1;
  fault ??= "is missing";
  if (at < batch.first) throw broken(store, at, `it ${fault}, and later entries are there`);
  return { entries, tail: { index: at, last: batch.last, fault } };
}

/** The entry, or what is wrong with it. */
function check(key: Uint8Array, record: Uint8Array, before: Position): Entry | string {
  if (entryIndex(key) !== before.index + 1) return "is missing";
  const body = unseal(key, record);
  if (body === undefined) return "does not match its checksum";
  const { entry, previousTerm } = decodeEntry(body);
  // Index 0 stands before every log and has no term of its own.
  if (before.index > 0 && previousTerm !== before.term) return "does not follow the one before";
  return entry;
}

async function* storedEntries(store: LevelStore, first: number) {
  const iterator = store.iterate(entryKey(first), entryKey(Number.MAX_SAFE_INTEGER));
  try {
    for (let rows = await iterator.nextv(rowsAtOnce); rows.length > 0; rows = await iterator.nextv(rowsAtOnce)) {
      yield rows;
    }
  } finally {
    await iterator.close();
  }
}

/** Removes the tail for good, so that nobody meets it behind newer entries. */
async function cutTail(store: LevelStore, tail: BrokenTail, state: LogState): Promise<void> {
  const batch = store.batch();
  for (let index = tail.index; index <= tail.last; index++) batch.del(entryKey(index));
  batch.put(stateKey, seal(stateKey, encodeLogState(state)));
  await batch.write({ sync: true });
}

async function lowestEntry(store: LevelStore, compacted: Position): Promise<number> {
  const [row] = await firstRows(store, entryKey(0), entryKey(Number.MAX_SAFE_INTEGER));
  const index = row === undefined ? undefined : entryIndex(row[0]);
  return index ?? compacted.index + 1;
}

/** The first entry in `[low, high)`, if there is any. */
async function firstRows(store: LevelStore, low: Uint8Array, high: Uint8Array): Promise<StoredRow[]> {
  const iterator = store.iterate(low, high);
  try {
    return await iterator.nextv(1);
  } finally {
    await iterator.close();
  }
}

/**
 * Looks at LevelDB's files before LevelDB opens them.
 *
 * @returns the torn end of the last write, which LevelDB will pass over
 * @throws DiskError when batches that were acknowledged would be passed over, or a table is damaged
 */
export async function checkLevelFiles(dir: string): Promise<LogDamage | undefined> {
  let before: number | undefined;
  let behind: number | undefined;
  const damage = await checkLog(dir, (key, isBehind) => {
    const index = entryIndex(key);
    if (index === undefined) return;
    if (isBehind) behind ??= index;
    else before = index;
  });
  if (damage?.followed === true) {
    const index = before === undefined ? (behind ?? 1) - 1 : before + 1;
    const where = `${damage.file} cannot be read at byte ${damage.offset}, and later batches are there`;
    throw new DiskError(`the raft log in ${dir} is damaged at index ${index}: ${where}`);
  }
  const table = await checkTables(dir);
  if (table === undefined) return damage;
  const index = indexFrom(table.from);
  const place = index === undefined ? "" : ` at index ${index}`;
  throw new DiskError(`the raft log in ${dir} is damaged${place}: ${table.file} does not match its checksums`);
}

/** Without its state the log means nothing, so it must be good, or nothing must be there at all. */
async function readState(store: LevelStore): Promise<LogState | undefined> {
  const record = store.getSync(stateKey);
  if (record === undefined) {
    const rows = await firstRows(store, allKeys.first, allKeys.end);
    if (rows.length === 0) return undefined;
    throw new DiskError(`the raft log in ${store.dir} is damaged: its state record is missing`);
  }
  const body = unseal(stateKey, record);
  if (body === undefined) {
    throw new DiskError(`the raft log in ${store.dir} is damaged: its state record does not match its checksum`);
  }
  const state = decodeLogState(body);
  if (typeof state !== "number") return state;
  throw new DiskError(`the raft log in ${store.dir} was written by another version: its format is ${state}, not 1`);
}

function broken(store: LevelStore, index: number, why: string): DiskError {
  return new DiskError(`the raft log in ${store.dir} is damaged at index ${index}: ${why}`);
}
