import { DiskError, damaged, type LevelStore, type LogDamage, type StoredRow } from "../backend/index.js";
import { assert } from "../base/index.js";
import { broken } from "./broken.js";
import { decodeLogState, type LogState } from "./log-state.js";
import { allKeys, stateKey, unseal } from "./record.js";
import type { SegmentFolder, SegmentNumber } from "./segments.js";

/** A segment that has been written to. */
export interface UsedSegment extends OpenSegment {
  readonly state: LogState;
}

interface OpenSegment {
  readonly number: SegmentNumber;
  readonly store: LevelStore;
  /** State of the log as of the last batch of this segment; undefined when it has none. */
  readonly state: LogState | undefined;
  /** The torn end of the last write to this segment, which LevelDB has skipped. */
  readonly torn: LogDamage | undefined;
}

export interface SegmentChain {
  /** The segments in use, oldest first. Their stores are open. */
  readonly used: readonly UsedSegment[];
  /** Segments that were created and never written to. */
  readonly unused: readonly SegmentNumber[];
  /** The newest segment, which is not in `used` when the log has not begun. */
  readonly newest: OpenSegment;
  /** The torn end of the last write. */
  readonly torn: LogDamage | undefined;
}

/**
 * Opens all segments of a log, and creates the first one if there is none. Only the stores of `used` and `newest` stay
 * open.
 *
 * A segment names the next one before that one gets its first batch. So each segment but the newest is named by the one
 * before, and the newest names none that has been written to.
 *
 * @throws DiskError when a segment is missing, damaged, or does not go on from the one before
 */
export async function openSegments(folder: SegmentFolder): Promise<SegmentChain> {
  const opened: OpenSegment[] = [];
  try {
    const listed = await folder.list();
    // The newest first: if another process uses the log, it has that one open, and nothing else is touched.
    for (const number of listed.length > 0 ? listed.toReversed() : [0]) {
      opened.unshift(await openSegment(folder, number));
    }
    const used = opened.filter(isUsed);
    const [first] = opened;
    assert(first !== undefined, "a log has a segment");
    if (used.length === 0 && opened.length > 1) throw stateIsMissing(first.store);
    for (const [at, segment] of used.entries()) checkEnd(segment, used[at + 1], opened);
    const newest = used.at(-1) ?? first;
    const unused = opened.filter((each) => !isUsed(each) && each !== newest);
    for (const { store } of unused) await store.close();
    const torn = newest.torn ?? unused.find(({ number }) => number === newest.state?.next)?.torn;
    return { used, unused: unused.map(({ number }) => number), newest, torn };
  } catch (error) {
    for (const { store } of opened) await store.close();
    throw error;
  }
}

async function openSegment(folder: SegmentFolder, number: SegmentNumber): Promise<OpenSegment> {
  const torn = await folder.check(number);
  const store = await folder.open(number);
  try {
    return { number, store, torn, state: await readState(store) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function isUsed(segment: OpenSegment): segment is UsedSegment {
  return segment.state !== undefined;
}

/** Checks that a segment is whole, and that the one after it is there. */
function checkEnd(
  { store, state, torn }: UsedSegment,
  next: UsedSegment | undefined,
  all: readonly OpenSegment[],
): void {
  const end = state.batch.last;
  if (state.next === 0 && next === undefined) return;
  if (!all.some(({ number }) => number === state.next) || (next !== undefined && next.number !== state.next)) {
    throw broken(store, end + 1, `its segment ${state.next} is missing`);
  }
  if (next === undefined) return;
  if (torn !== undefined) throw broken(store, end + 1, `${torn.file} cannot be read at byte ${torn.offset}`);
  if (next.state.inherited > end)
    throw broken(store, end + 1, `it is missing, and segment ${next.number} goes on behind it`);
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
 * Reads the log's state. The rest of the log means nothing without it, so the state must be intact, or the log must be
 * empty.
 */
export async function readState(store: LevelStore): Promise<LogState | undefined> {
  const record = store.getSync(stateKey);
  if (record === undefined) {
    const rows = await firstRows(store, allKeys.first, allKeys.end);
    if (rows.length === 0) return undefined;
    throw stateIsMissing(store);
  }
  const body = unseal(stateKey, record);
  if (body === undefined) {
    throw damaged(`the raft log in ${store.dir} is damaged: its state record does not match its checksum`);
  }
  const state = decodeLogState(body);
  if (typeof state !== "number") return state;
  throw new DiskError(
    `the raft log in ${store.dir} was written by another version: its format is ${state}, not 2 or 3`,
  );
}

function stateIsMissing({ dir }: LevelStore): DiskError {
  return damaged(`the raft log in ${dir} is damaged: its state record is missing`);
}
