import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskError } from "../../backend/index.js";
import { entryTypeOf, openedEntries, type Segment } from "../../etcdwal/index.js";
import { type ConfState, type Entry, emptyConfState, type HardState } from "../../raft/index.js";
import { freezeLog, openStoredLog, type WalMetadata } from "../../wal/index.js";
import { openEtcdDirectory } from "./etcd-directory.js";
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

/** @throws DiskError, WalDamage or BoltError when there is no member, it is running, or its data is damaged */
export async function inspectMember(
  dataDir: string,
  walDir = join(dataDir, "member", "wal"),
): Promise<InspectedMember> {
  const names = await readdir(walDir).catch((error: unknown) => {
    throw new DiskError(`${dataDir} is no data directory: there is no ${walDir}`, { cause: error });
  });
  return names.some((name) => name.endsWith(".wal")) ? inspectTheirs(dataDir, walDir) : inspectOurs(dataDir, walDir);
}

async function inspectTheirs(dataDir: string, walDir: string): Promise<InspectedMember> {
  const { databasePath, ids, log } = await openEtcdDirectory(dataDir, walDir);
  const { hardState, snapshots, last, segments } = log;
  const before = Math.max(0, (segments[0]?.firstIndex ?? 0) - 1);
  const database = await openStoredDatabase(databasePath);
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
    entries: (first) => theirEntries(segments, Math.max(first - 1, before)),
    database,
    meta: await readMeta(database),
    close: () => database.close(),
  };
}

async function* theirEntries(segments: readonly Segment[], before: number): AsyncGenerator<Entry, void, undefined> {
  for await (const entry of openedEntries(segments, before)) {
    const { term, index, data } = entry;
    yield { term, index, data, type: entryTypeOf(entry) };
  }
}

async function inspectOurs(dataDir: string, walDir: string): Promise<InspectedMember> {
  const frozen = await mkdtemp(join(tmpdir(), "etcdutl-"));
  const closing: (() => Promise<void>)[] = [() => rm(frozen, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const step of closing.reverse()) await step();
  };
  try {
    const dir = join(frozen, "wal");
    await freezeLog(walDir, dir);
    const log = await openStoredLog(dir);
    closing.push(() => log.close());
    const database = await openStoredDatabase(dataDir);
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
