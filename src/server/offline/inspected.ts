import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskError } from "../../backend/index.js";
import { errorText } from "../../base/index.js";
import { entryTypeOf, openedEntries, type Segment } from "../../etcdwal/index.js";
import { type ConfState, type Entry, emptyConfState, type HardState } from "../../raft/index.js";
import { freezeLog, openStoredLog, type WalMetadata } from "../../wal/index.js";
import { type OnMemberDamage, openEtcdDirectory } from "./etcd-directory.js";
import { openStoredDatabase, type StoredDatabase } from "./stored-database.js";
import { readMeta, type StoredMeta } from "./stored-meta.js";

/** A member that does not run, ours or etcd's own. Looking into it changes nothing on disk. */
export interface InspectedMember {
  readonly kind: "etcd-ts" | "etcd";
  readonly ids: WalMetadata | undefined;
  readonly hardState: HardState | undefined;
  /** The snapshots that the log has or mentions, the oldest first. */
  readonly snapshots: readonly InspectedSnapshot[];
  /** The first index that may be in the log, and the last one that is; `last` is smaller for a log without entries. */
  readonly log: { readonly first: number; readonly last: number };
  /**
   * The entries from `first` on, in the order in which they were written, one small piece in memory at a time. In a log
   * of etcd an entry may follow that replaces an earlier one with its index.
   */
  entries(first: number): AsyncIterable<Entry>;
  readonly database: StoredDatabase;
  readonly meta: StoredMeta;
  close(): Promise<void>;
}

export interface InspectedSnapshot {
  readonly index: number;
  readonly term: number;
  /** Undefined in logs of etcd 3.4, which do not tell it. */
  readonly confState: ConfState | undefined;
}

/**
 * Opens the data of a member, as far as it can be read.
 *
 * @param onDamage called for each damaged place when it is found, while the log and the database are opened or read.
 *   Reading goes on behind such a place where that is possible
 * @throws DiskError when there is no member, or it is running
 */
export async function inspectMember(
  dataDir: string,
  walDir: string | undefined,
  onDamage: OnMemberDamage,
): Promise<InspectedMember> {
  const dir = walDir ?? join(dataDir, "member", "wal");
  const names = await readdir(dir).catch((error: unknown) => {
    throw new DiskError(`${dataDir} is no data directory: there is no ${dir}`, { cause: error });
  });
  const theirs = names.some((name) => name.endsWith(".wal"));
  return theirs ? inspectTheirs(dataDir, dir, onDamage) : inspectOurs(dataDir, dir, onDamage);
}

async function inspectTheirs(dataDir: string, walDir: string, onDamage: OnMemberDamage): Promise<InspectedMember> {
  const { databasePath, ids, log, meta } = await openEtcdDirectory(dataDir, walDir, onDamage);
  const { hardState, snapshots, last, segments } = log;
  const before = Math.max(0, (segments[0]?.firstIndex ?? 0) - 1);
  const database = await openedDatabase(databasePath, onDamage);
  return {
    kind: "etcd",
    ids,
    hardState,
    snapshots: snapshots
      .filter(({ index }) => index > 0)
      .map(({ index, term, confState }) => ({
        index,
        term,
        confState: confState === undefined ? undefined : { ...emptyConfState, ...confState },
      })),
    log: { first: before + 1, last: last?.index ?? 0 },
    entries: (first) => theirEntries(segments, Math.max(first - 1, before), onDamage),
    database,
    meta,
    close: () => database.close(),
  };
}

async function* theirEntries(
  segments: readonly Segment[],
  before: number,
  onDamage: OnMemberDamage,
): AsyncGenerator<Entry, void, undefined> {
  for await (const entry of openedEntries(segments, before, ({ message }) => onDamage("log", message))) {
    const { term, index, data } = entry;
    yield { term, index, data, type: entryTypeOf(entry) };
  }
}

/** The database, or an empty one when nothing of it can be read. */
async function openedDatabase(path: string, onDamage: OnMemberDamage): Promise<StoredDatabase> {
  try {
    return await openStoredDatabase(path, ({ message }) => onDamage("database", message));
  } catch (error) {
    onDamage("database", errorText(error));
    return { buckets: [], bytes: 0, batches: noRows, close: async () => undefined };
  }
}

async function* noRows(): AsyncGenerator<never, void, undefined> {
  // There is no database.
}

async function inspectOurs(dataDir: string, walDir: string, onDamage: OnMemberDamage): Promise<InspectedMember> {
  const frozen = await mkdtemp(join(tmpdir(), "etcdutl-"));
  const closing: (() => Promise<void>)[] = [() => rm(frozen, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const step of closing.reverse()) await step();
  };
  try {
    const dir = join(frozen, "wal");
    await freezeLog(walDir, dir);
    // The errors name the copy.
    const log = await openStoredLog(dir, ({ message }) => onDamage("log", message.replaceAll(dir, walDir)));
    closing.push(() => log.close());
    const database = await openedDatabase(dataDir, onDamage);
    closing.push(() => database.close());
    const { metadata, hardState, compacted, batch } = log.state ?? {};
    return {
      kind: "etcd-ts",
      ids: metadata,
      hardState,
      snapshots: (await log.snapshots()).map((snapshot) => snapshot.metadata),
      log: { first: (compacted?.index ?? 0) + 1, last: batch?.last ?? 0 },
      entries: (first) => log.entries(first),
      database,
      meta: await readMeta(database),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
