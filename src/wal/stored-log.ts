import { DiskError, type LevelStore } from "../backend/index.js";
import type { Entry, Snapshot } from "../raft/index.js";
import { broken } from "./broken.js";
import { type LogRemains, remainsOf } from "./log-remains.js";
import type { LogState } from "./log-state.js";
import { decodeRun, decodeSnapshot, runKey, runKeysFrom, runOf, snapshotKeys, unseal } from "./record.js";
import { openSegments, type SegmentChain, type UsedSegment } from "./segment-chain.js";
import { FileSegments, segmentPath } from "./segments.js";

/** A raft log on disk that no member works on, read in small pieces. */
export interface StoredLog {
  /** Everything but entries and snapshots; undefined for a log that was never written to. */
  readonly state: LogState | undefined;
  /** The snapshots, the oldest first. Those that do not match their checksums are left out. */
  snapshots(): Promise<readonly Snapshot[]>;
  /**
   * The entries from `first` on that the log still has.
   *
   * @throws DiskError at the first damaged record, unless the log was opened with `onDamage`
   */
  entries(first: number): AsyncGenerator<Entry, void, undefined>;
  close(): Promise<void>;
}

/** Called for each place that cannot be read. The reader leaves it out and goes on. */
export type OnLogDamage = (damage: DiskError) => void;

const runsAtOnce = 16;

/** The directories of a log that a member locks. */
export async function lockedDirs(dir: string): Promise<readonly string[]> {
  return (await new FileSegments(dir).list()).map((number) => segmentPath(dir, number));
}

/**
 * Opens the log in `dir`, which must be a copy: LevelDB changes its files when it opens them.
 *
 * @throws DiskError when it is damaged, unless `onDamage` is given
 */
export async function openStoredLog(dir: string, onDamage?: OnLogDamage): Promise<StoredLog> {
  try {
    return opened(await openSegments(new FileSegments(dir)), onDamage);
  } catch (error) {
    if (onDamage === undefined || !(error instanceof DiskError)) throw error;
    onDamage(error);
    return logOf(await remainsOf(dir, onDamage), onDamage);
  }
}

function opened({ used, newest }: SegmentChain, onDamage: OnLogDamage | undefined): StoredLog {
  const { state } = newest;
  const stores = new Set([...used.map(({ store }) => store), newest.store]);
  return {
    state,
    snapshots: () => snapshotsIn(newest.store),
    entries: (first) => entriesIn(used, Math.max(first, (state?.compacted.index ?? 0) + 1), onDamage),
    close: async () => {
      for (const store of stores) await store.close();
    },
  };
}

async function snapshotsIn(store: LevelStore): Promise<readonly Snapshot[]> {
  const found: Snapshot[] = [];
  for await (const [key, record] of rowsIn(store, snapshotKeys.first, snapshotKeys.end)) {
    const body = unseal(key, record);
    if (body !== undefined) found.push(decodeSnapshot(body));
  }
  return found;
}

/** A damaged log: the entries of each segment, one after the other. Nothing tells which of them were replaced later. */
function logOf({ state, stores }: LogRemains, onDamage: OnLogDamage): StoredLog {
  const newest = stores.at(-1);
  return {
    state,
    snapshots: async () => (newest === undefined ? [] : await snapshotsIn(newest)),
    async *entries(first) {
      for (const store of stores) yield* entriesOf(store, first, Number.MAX_SAFE_INTEGER, onDamage);
    },
    close: async () => {
      for (const store of stores) await store.close();
    },
  };
}

async function* entriesIn(
  used: readonly UsedSegment[],
  first: number,
  onDamage: OnLogDamage | undefined,
): AsyncGenerator<Entry, void, undefined> {
  let next = first;
  for (const [at, { store, state }] of used.entries()) {
    // A later segment may have cut the log before its own beginning.
    const end = Math.min(state.batch.last, ...used.slice(at + 1).map((later) => later.state.inherited));
    for await (const entry of entriesOf(store, next, end, onDamage)) {
      next = entry.index + 1;
      yield entry;
    }
  }
}

/** The entries `[from, end]` of one segment. */
async function* entriesOf(
  store: LevelStore,
  from: number,
  end: number,
  onDamage: OnLogDamage | undefined,
): AsyncGenerator<Entry, void, undefined> {
  const keys = runKeysFrom(from);
  for await (const [key, record] of rowsIn(store, keys.first, keys.end)) {
    const run = runOf(key);
    if (run === undefined || run.first > end) return;
    const body = unseal(runKey(run), record);
    if (body === undefined) {
      const damage = broken(store, run.first, "it does not match its checksum");
      if (onDamage === undefined) throw damage;
      onDamage(damage);
      continue;
    }
    for (const entry of decodeRun(run, body).entries) if (entry.index >= from && entry.index <= end) yield entry;
  }
}

async function* rowsIn(store: LevelStore, low: Uint8Array, high: Uint8Array) {
  const iterator = store.iterate(low, high);
  try {
    for (let rows = await iterator.nextv(runsAtOnce); rows.length > 0; rows = await iterator.nextv(runsAtOnce)) {
      yield* rows;
    }
  } finally {
    await iterator.close();
  }
}
