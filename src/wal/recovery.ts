import type { LevelStore } from "../backend/index.js";
import type { Logger } from "../base/index.js";
import { type Entry, LogOutline, type Snapshot, TermStarts } from "../raft/index.js";
import { broken } from "./broken.js";
import { emptyLogState, type LogState, type Position } from "./log-state.js";
import { decodeRun, type Run, runKey, runKeysFrom, runOf, unseal } from "./record.js";
import { openSegments, type SegmentChain, type UsedSegment } from "./segment-chain.js";
import type { SegmentFolder, SegmentNumber } from "./segments.js";
import { loadSnapshot } from "./snapshots.js";

/** Contents of the log after they have been checked. */
export interface Recovered extends Pick<SegmentChain, "unused" | "torn">, ReadSegments {
  /** The newest segment, whose store is open. */
  readonly number: SegmentNumber;
  readonly store: LevelStore;
  /** `undefined` when there is no log yet. */
  readonly state: LogState | undefined;
  /** The newest snapshot. */
  readonly snapshot: Snapshot | undefined;
}

interface ReadSegments {
  /** Every entry after the newest snapshot; all entries when there is no snapshot. */
  readonly entries: readonly Entry[];
  /** The entries up to the snapshot that the log still has. Their data stays on disk. */
  readonly before: LogOutline;
  /** The terms of all entries. */
  readonly terms: TermStarts;
  /** The last entry, or the last compacted one. */
  readonly end: Position;
  /** All runs in the newest segment, including those of compacted entries. */
  readonly runs: readonly Run[];
  /** Bytes of these runs. */
  readonly bytes: number;
  /** The segments before the newest one, in order. */
  readonly earlier: readonly EarlierSegment[];
}

/** A segment that gets no more entries. */
export interface EarlierSegment {
  readonly number: SegmentNumber;
  /** The last of its entries that belongs to the log. */
  readonly last: number;
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
 * - A segment that the one before names is missing, or the one before has lost its end.
 * - A run is intact but not chained to the one before: one of the two is left from another past.
 * - There is a run after the log's end: the batch that cut the log there is lost.
 * - The hard state says that entries up to `commit` are committed, and the log ends before that.
 *
 * Damage stops the member: it must not take part in elections with entries missing from its log.
 */
export async function recover(folder: SegmentFolder, logger: Logger): Promise<Recovered> {
  const { used, unused, newest, torn } = await openSegments(folder);
  const { number, store, state } = newest;
  try {
    const { hardState, compacted } = state ?? emptyLogState;
    const snapshot = await newestSnapshot(store, compacted, logger);
    const read = await readSegments(used, compacted, snapshot.found?.metadata.index ?? compacted.index);
    const last = read.end.index;
    if (hardState !== undefined && hardState.commit > last) {
      throw broken(store, last + 1, `entries up to ${hardState.commit} are committed, but the log ends at ${last}`);
    }
    if (snapshot.error !== undefined) throw snapshot.error;
    return { ...read, number, store, state, snapshot: snapshot.found, unused, torn };
  } catch (error) {
    await store.close();
    throw error;
  } finally {
    for (const segment of used) if (segment !== newest) await segment.store.close();
  }
}

/** The newest snapshot, or why there is none. Damage of the entries is told first: it says more. */
async function newestSnapshot(store: LevelStore, { index }: Position, logger: Logger) {
  try {
    return { found: await loadSnapshot(store, index, logger), error: undefined };
  } catch (error) {
    return { found: undefined, error };
  }
}

/** @param covered the last entry whose data stays on disk */
async function readSegments(used: readonly UsedSegment[], compacted: Position, covered: number): Promise<ReadSegments> {
  const entries: Entry[] = [];
  const outline = new LogOutline(compacted);
  const terms = new TermStarts(compacted);
  const earlier: EarlierSegment[] = [];
  let [runs, bytes]: [readonly Run[], number] = [[], 0];
  let end = compacted;
  const take = (entry: Entry): void => {
    terms.add(entry);
    if (entry.index > covered) entries.push(entry);
    else outline.add(entry);
    end = { index: entry.index, term: entry.term };
  };
  for (const [at, segment] of used.entries()) {
    // A later segment may have cut the log before its own beginning.
    const cutAt = Math.min(...used.slice(at + 1).map(({ state }) => state.inherited));
    const read = await readRuns(segment, end, cutAt, take);
    if (at + 1 < used.length) earlier.push({ number: segment.number, last: Math.min(cutAt, segment.state.batch.last) });
    else ({ runs, bytes } = read);
  }
  return { entries, before: outline, terms, end, runs, bytes, earlier };
}

/** Reads the entries of one segment after `from`, up to the one at `cutAt`. */
async function readRuns(
  { store, state: { batch } }: UsedSegment,
  from: Position,
  cutAt: number,
  take: (entry: Entry) => void,
) {
  const end = Math.min(batch.last, cutAt);
  const runs: Run[] = [];
  let bytes = 0;
  let before = from;
  for await (const [key, record] of storedRuns(store)) {
    const run = runOf(key);
    if (run === undefined) throw broken(store, before.index + 1, "a record there is not a run of entries");
    if (run.last > batch.last) {
      throw broken(store, run.last, `there are entries after the end of the log at ${batch.last}`);
    }
    if (run.last > from.index && from.index < end && run.first <= end) {
      for (const entry of entriesAfter(before, store, run, record)) {
        if (entry.index > end) break;
        take(entry);
        before = { index: entry.index, term: entry.term };
      }
    }
    runs.push(run);
    bytes += record.byteLength;
  }
  if (before.index < end) throw broken(store, before.index + 1, `it is missing, and the log ends at ${end}`);
  return { runs, bytes };
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
