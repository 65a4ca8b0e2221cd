import { checkLog, DiskError, type LevelStore, type LogDamage } from "../backend/index.js";
import type { Logger } from "../base/index.js";
import type { Entry, HardState, Snapshot } from "../raft/index.js";
import {
  decodeEntry,
  decodeHardState,
  decodePair,
  encodePair,
  entryIndex,
  entryKey,
  metaKeys,
  seal,
  unseal,
} from "./record.js";
import { loadSnapshot } from "./snapshots.js";

/** A position of the log. */
export interface Position {
  readonly index: number;
  readonly term: number;
}

/** What the log says after it was checked. */
export interface Recovered {
  readonly hardState: HardState | undefined;
  readonly snapshot: Snapshot | undefined;
  /** The last entry that was dropped by a compaction or covered by a received snapshot; index 0 when none was. */
  readonly compacted: Position;
  /** Every entry after `compacted`. */
  readonly entries: Entry[];
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
 * it reads tables. So each record here is sealed, entries are chained, and `mbatch` says where the last batch of
 * entries began and where it ended:
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
  const hardState = readHardState(store);
  const compacted = readPosition(store);
  const { entries, tail } = await readEntries(store, compacted);
  const last = entries.at(-1)?.index ?? compacted.index;
  if (hardState !== undefined && hardState.commit > last) {
    throw broken(store, last + 1, `entries up to ${hardState.commit} are committed, but the log ends at ${last}`);
  }
  if (tail !== undefined) {
    logger.warn("cut a broken tail off the raft log", { dir: store.dir, ...tail });
    await cutTail(store, tail.first, tail.last);
  }
  const snapshot = await loadSnapshot(store, compacted.index, logger);
  return { hardState, snapshot, compacted, entries };
}

/** Entries of the last batch that are of no use, from the first bad one on. */
interface BrokenTail {
  readonly first: number;
  readonly last: number;
  readonly fault: string;
}

interface ReadEntries {
  readonly entries: Entry[];
  readonly tail?: BrokenTail;
}

async function readEntries(store: LevelStore, compacted: Position): Promise<ReadEntries> {
  const batch = readPair(store, metaKeys.batch) ?? [compacted.index + 1, compacted.index];
  const [batchFirst, batchLast] = batch;
  const entries: Entry[] = [];
  let before = compacted;
  let fault: string | undefined;
  for await (const rows of storedEntries(store, compacted.index + 1)) {
    for (const [key, record] of rows) {
      const index = entryIndex(key) ?? 0;
      if (index > batchLast) throw broken(store, index, `there are entries after the end of the log at ${batchLast}`);
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
  if (before.index >= batchLast) return { entries };
  const at = before.index + 1;
  fault ??= "is missing";
  if (at < batchFirst) throw broken(store, at, `it ${fault}, and later entries are there`);
  return { entries, tail: { first: at, last: batchLast, fault } };
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

/** Removes entries in `[first, last]` for good, so that nobody meets them behind newer ones. */
async function cutTail(store: LevelStore, first: number, last: number): Promise<void> {
  const batch = store.batch();
  for (let index = first; index <= last; index++) batch.del(entryKey(index));
  batch.put(metaKeys.batch, seal(metaKeys.batch, encodePair(first, first - 1)));
  await batch.write({ sync: true });
}

/**
 * Looks at LevelDB's log before LevelDB opens it.
 *
 * @returns the torn end of the last write, which LevelDB will pass over
 * @throws DiskError when batches that were acknowledged would be passed over
 */
export async function checkLevelLog(dir: string): Promise<LogDamage | undefined> {
  let before: number | undefined;
  let behind: number | undefined;
  const damage = await checkLog(dir, (key, isBehind) => {
    const index = entryIndex(key);
    if (index === undefined) return;
    if (isBehind) behind ??= index;
    else before = index;
  });
  if (damage?.followed !== true) return damage;
  const index = before === undefined ? (behind ?? 1) - 1 : before + 1;
  const where = `${damage.file} cannot be read at byte ${damage.offset}, and later batches are there`;
  throw new DiskError(`the raft log in ${dir} is damaged at index ${index}: ${where}`);
}

function readHardState(store: LevelStore): HardState | undefined {
  const body = readMeta(store, metaKeys.hardState);
  return body === undefined ? undefined : decodeHardState(body);
}

function readPosition(store: LevelStore): Position {
  const [index, term] = readPair(store, metaKeys.compacted) ?? [0, 0];
  return { index, term };
}

function readPair(store: LevelStore, key: Uint8Array): readonly [number, number] | undefined {
  const body = readMeta(store, key);
  return body === undefined ? undefined : decodePair(body);
}

/** A record of which there is one. Without it the log means nothing, so it must be good or absent. */
export function readMeta(store: LevelStore, key: Uint8Array): Uint8Array | undefined {
  const record = store.getSync(key);
  if (record === undefined) return undefined;
  const body = unseal(key, record);
  if (body === undefined) {
    const name = Buffer.from(key).toString("latin1").slice(1);
    throw new DiskError(`the raft log in ${store.dir} is damaged: its ${name} record does not match its checksum`);
  }
  return body;
}

function broken(store: LevelStore, index: number, why: string): DiskError {
  return new DiskError(`the raft log in ${store.dir} is damaged at index ${index}: ${why}`);
}
