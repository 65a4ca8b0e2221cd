import { stat } from "node:fs/promises";
import { join } from "node:path";
import { isLocked } from "../../backend/index.js";
import { type ClusterId, errorCode, errorText, type MemberId } from "../../base/index.js";
import { confStateOf } from "../../cluster/index.js";
import { type LogEnds, readLogEnds, readSnapFile, snapFiles, type WalSnapshot } from "../../etcdwal/index.js";
import { type ConfState, emptyConfState } from "../../raft/index.js";
import type { WalMetadata } from "../../wal/index.js";
import { openStoredDatabase, type StoredDatabase } from "./stored-database.js";
import { emptyMeta, readMeta, type StoredMeta } from "./stored-meta.js";

/** A data directory of etcd itself, whose member does not run. */
export interface EtcdDirectory {
  readonly log: LogEnds;
  readonly ids: WalMetadata;
  /** The snapshot that a start goes on from; undefined when the log begins with index 1. */
  readonly snapshot: EtcdSnapshot | undefined;
  /** The file of the database that belongs to the log. */
  readonly databasePath: string;
  readonly meta: StoredMeta;
}

export interface EtcdSnapshot {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
  /** The members at that index; undefined when only the database has them, as from etcd 3.6 on. */
  readonly data: Uint8Array | undefined;
}

/** Called for what is damaged in one of the two parts of a member's data. */
export type OnMemberDamage = (part: "log" | "database", what: string) => void;

/**
 * Finds the parts of a data directory that a start of etcd would use.
 *
 * @param walDir the directory of the raft log, when it is not inside the data directory
 * @param onDamage called for what a start would stop at; the parts that can be read are found then
 * @throws Error when the directory holds no member, or an etcd uses it; when its parts are damaged or do not fit
 *   together, unless `onDamage` is given
 */
export async function openEtcdDirectory(
  dataDir: string,
  walDir = join(dataDir, "member", "wal"),
  onDamage?: OnMemberDamage,
): Promise<EtcdDirectory> {
  const snapDir = join(dataDir, "member", "snap");
  const first = join(snapDir, "db");
  const orElse = <Found>(fallback: Found, step: Promise<Found>): Promise<Found> =>
    step.catch((error: unknown) => {
      if (onDamage === undefined) throw error;
      onDamage("database", errorText(error));
      return fallback;
    });
  await orElse(undefined, requireFile(first, dataDir));
  const log = await readLogEnds(walDir, onDamage && ((damage) => onDamage("log", damage.message)));
  await requireUnused([first, ...log.segments.map((segment) => segment.path)]);
  const ids = { memberId: log.memberId as MemberId, clusterId: log.clusterId as ClusterId };
  const meta = await orElse(emptyMeta, metaOf(first));
  const snapshot = await orElse(undefined, snapshotOf(snapDir, log, meta));
  const usual = { log, ids, snapshot, databasePath: first, meta };
  if (snapshot === undefined || snapshot.index <= meta.index) return usual;
  return await orElse(usual, withReceived(usual, snapDir, snapshot));
}

/** The member stopped between the arrival of a snapshot and the switch to its database. */
async function withReceived(
  usual: EtcdDirectory,
  snapDir: string,
  { index, term }: EtcdSnapshot,
): Promise<EtcdDirectory> {
  const databasePath = join(snapDir, `${index.toString(16).padStart(16, "0")}.snap.db`);
  if (!(await isFile(databasePath))) {
    throw new Error(
      `the database (index ${usual.meta.index}) does not match the raft log's snapshot (index ${index}), ` +
        `and ${databasePath} is not there`,
    );
  }
  return { ...usual, databasePath, meta: { ...(await metaOf(databasePath)), index, term } };
}

/** @throws Error when a process uses one of the files of a member */
async function requireUnused(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if (await isLocked(path)) throw new Error(`another process is using ${path}: stop the member first`);
  }
}

async function metaOf(path: string): Promise<StoredMeta> {
  const database: StoredDatabase = await openStoredDatabase(path);
  try {
    return await readMeta(database);
  } finally {
    await database.close();
  }
}

/**
 * The snapshot that a start goes on from. From 3.6 on the newest one that the log mentions, whose members are in the
 * database. Up to 3.5 the newest one that also has a file, since only the file tells who the members are.
 */
async function snapshotOf(dir: string, log: LogEnds, meta: StoredMeta): Promise<EtcdSnapshot | undefined> {
  const mentioned = log.snapshots.filter(({ index }) => index > 0).reverse();
  const [newest] = mentioned;
  if (newest === undefined) return undefined;
  const files = await snapFiles(dir);
  const hasFile = files.some(({ index, term }) => index === newest.index && term === newest.term);
  if (!hasFile && meta.storageVersion !== undefined) return withoutFile(newest, meta);
  for (const file of files) {
    const found = mentioned.find(({ index, term }) => index === file.index && term === file.term);
    const read = found && (await readSnapFile(file));
    if (found === undefined || read === undefined) continue;
    return { ...found, confState: confState(read.metadata?.confState ?? found.confState), data: read.data };
  }
  if (meta.storageVersion !== undefined) return withoutFile(newest, meta);
  throw new Error(
    `no file in ${dir} belongs to a snapshot that the raft log mentions (the newest is at index ${newest.index}): ` +
      "etcd does not start on it either. Remove this member from its cluster and add it again",
  );
}

function withoutFile({ index, term, confState: stored }: WalSnapshot, meta: StoredMeta): EtcdSnapshot {
  const state = stored === undefined ? confStateOf(meta.confState ?? "{}") : confState(stored);
  return { index, term, confState: state, data: undefined };
}

function confState(stored: Partial<ConfState> | undefined): ConfState {
  return { ...emptyConfState, ...stored };
}

async function requireFile(path: string, dataDir: string): Promise<void> {
  if (!(await isFile(path))) throw new Error(`${dataDir} is no data directory of etcd: there is no ${path}`);
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    (error: unknown) => {
      if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return false;
      throw error;
    },
  );
}
