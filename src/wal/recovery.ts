import {
  checkLog,
  checkTables,
  DiskError,
  damaged,
  type LevelStore,
  type LogDamage,
  type StoredRow,
} from "../backend/index.js";
import type { Logger } from "../base/index.js";
import type { Entry, Snapshot } from "../raft/index.js";
import { decodeLogState, emptyLogState, type LogState, type Position } from "./log-state.js";
import { allKeys, decodeRun, indexFrom, type Run, runKey, runKeysFrom, runOf, stateKey, unseal } from "./record.js";
import { loadSnapshot } from "./snapshots.js";

/** Contents of the log after they have been checked. */
export interface Recovered {
  /** `undefined` when there is no log yet. */
  readonly state: LogState | undefined;
  /** The newest snapshot. */
  readonly snapshot: Snapshot | undefined;
  /** Every entry after the last compacted one. */
  readonly entries: Entry[];
  /** All runs on disk, including those of compacted entries that have not been removed yet. */
  readonly runs: readonly Run[];
}

/** Number of runs read at once. */
const rowsAtOnce = 1024;

/*
 * A power cut or a damaged disk can leave the log in several states; this is how the member handles them.
 * docs/internals/formats.md has the details.
 *
 * Every save is one LevelDB batch, synced before it is acknowledged. LevelDB writes a batch as one record with its own
 * checksum, so a torn write loses the newest batch as a whole: the log then ends before it, and nobody was told that it
 * is saved. A changed bit has other effects. In LevelDB's log it drops that batch, and intact ones with it; `checkLog`
 * finds this before LevelDB opens the log, even in the last batch. In a table it changes or hides single records, since
 * LevelDB compares no checksums when it reads tables. Therefore each record here is sealed, runs of entries are
 * chained, and the log's state, which every batch writes, says where the log ends. Batches are atomic, so each of these
 * is damage:
 *
 * - A run is missing, or does not match its checksum.
 * - A run is intact but not chained to the one before: one of the two is left from another past.
 * - There is a run after the log's end: the batch that cut the log there is lost.
 * - The hard state says that entries up to `commit` are committed, and the log ends before that.
 *
 * Damage stops the member: it must not take part in elections with entries missing from its log.
 */
export async function recover(store: LevelStore, logger: Logger): Promise<Recovered> {
  const state = await readState(store);
  const { hardState, compacted } = state ?? emptyLogState;
  const { entries, runs } = await readRuns(store, state ?? emptyLogState);
  const last = entries.at(-1)?.index ?? compacted.index;
  if (hardState !== undefined && hardState.commit > last) {
    throw broken(store, last + 1, `entries up to ${hardState.commit} are committed, but the log ends at ${last}`);
  }
  const snapshot = await loadSnapshot(store, compacted.index, logger);
  return { state, snapshot, entries, runs };
}

interface ReadRuns {
  readonly entries: Entry[];
  readonly runs: readonly Run[];
}

async function readRuns(store: LevelStore, { compacted, batch }: LogState): Promise<ReadRuns> {
  const entries: Entry[] = [];
  const runs: Run[] = [];
  let before = compacted;
  for await (const [key, record] of storedRuns(store)) {
    const run = runOf(key);
    if (run === undefined) throw broken(store, before.index + 1, "a record there is not a run of entries");
    if (run.last > batch.last) {
      throw broken(store, run.last, `there are entries after the end of the log at ${batch.last}`);
    }
    if (run.last > compacted.index) {
      for (const entry of entriesAfter(before, store, run, record)) entries.push(entry);
      before = entries.at(-1) ?? compacted;
    }
    runs.push(run);
  }
  if (before.index < batch.last) {
    throw broken(store, before.index + 1, `it is missing, and the log ends at ${batch.last}`);
  }
  return { entries, runs };
}

/**
 * The entries of a run that come after `before`.
 *
 * @throws DiskError when the run is damaged, leaves a gap after `before`, or belongs to another past
 */
function entriesAfter(before: Position, store: LevelStore, run: Run, record: Uint8Array): readonly Entry[] {
  const next = before.index + 1;
  const known = next - run.first;
  if (known < 0) throw broken(store, next, "it is missing, and later entries are there");
  const body = unseal(runKey(run), record);
  if (body === undefined) throw broken(store, next, "it does not match its checksum");
  const { entries, previousTerm } = decodeRun(run, body);
  const termBefore = entries[known - 1]?.term ?? previousTerm;
  // Index 0 stands before every log and has no term of its own.
  if (before.index > 0 && termBefore !== before.term) throw broken(store, next, "it does not follow the one before");
  return entries.slice(known);
}

async function* storedRuns(store: LevelStore) {
  const { first, end } = runKeysFrom(0);
  const iterator = store.iterate(first, end);
  try {
    for (let rows = await iterator.nextv(rowsAtOnce); rows.length > 0; rows = await iterator.nextv(rowsAtOnce)) {
      yield* rows;
    }
  } finally {
    await iterator.close();
  }
}

/** The first record in `[low, high)`, if there is one. */
async function firstRows(store: LevelStore, low: Uint8Array, high: Uint8Array): Promise<StoredRow[]> {
  const iterator = store.iterate(low, high);
  try {
    return await iterator.nextv(1);
  } finally {
    await iterator.close();
  }
}

/**
 * Checks LevelDB's files before LevelDB opens them.
 *
 * @returns the torn end of the last write, which LevelDB will skip; undefined when there is none
 * @throws DiskError when LevelDB would skip acknowledged batches, or a table is damaged
 */
export async function checkLevelFiles(dir: string): Promise<LogDamage | undefined> {
  let before: Run | undefined;
  let behind: Run | undefined;
  const damage = await checkLog(dir, (key, isBehind) => {
    const run = runOf(key);
    if (run === undefined) return;
    if (isBehind) behind ??= run;
    else before = run;
  });
  if (damage?.torn === false) {
    const index = before === undefined ? (behind?.first ?? 1) - 1 : before.last + 1;
    const why = damage.followed ? "later batches are there" : "the last batch was written whole";
    const where = `${damage.file} cannot be read at byte ${damage.offset}, and ${why}`;
    throw damaged(`the raft log in ${dir} is damaged at index ${index}: ${where}`);
  }
  const table = await checkTables(dir);
  if (table === undefined) return damage;
  const index = indexFrom(table.from);
  const place = index === undefined ? "" : ` at index ${index}`;
  throw damaged(`the raft log in ${dir} is damaged${place}: ${table.file} does not match its checksums`);
}

/**
 * Reads the log's state. The rest of the log means nothing without it, so the state must be intact, or the log must be
 * empty.
 */
async function readState(store: LevelStore): Promise<LogState | undefined> {
  const record = store.getSync(stateKey);
  if (record === undefined) {
    const rows = await firstRows(store, allKeys.first, allKeys.end);
    if (rows.length === 0) return undefined;
    throw damaged(`the raft log in ${store.dir} is damaged: its state record is missing`);
  }
  const body = unseal(stateKey, record);
  if (body === undefined) {
    throw damaged(`the raft log in ${store.dir} is damaged: its state record does not match its checksum`);
  }
  const state = decodeLogState(body);
  if (typeof state !== "number") return state;
  throw new DiskError(`the raft log in ${store.dir} was written by another version: its format is ${state}, not 2`);
}

function broken(store: LevelStore, index: number, why: string): DiskError {
  return damaged(`the raft log in ${store.dir} is damaged at index ${index}: ${why}`);
}
