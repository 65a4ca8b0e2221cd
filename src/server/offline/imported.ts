import { type Backend, type Bucket, DiskError } from "../../backend/index.js";
import { type Logger, newestApiLevel, silentLogger } from "../../base/index.js";
import { Cluster, confStateOf, idText } from "../../cluster/index.js";
import { entryTypeOf, openedEntries } from "../../etcdwal/index.js";
import { type Entry, emptyConfState } from "../../raft/index.js";
import { createDataDir, Wal, type WalMetadata } from "../../wal/index.js";
import type { raftpb } from "../../wire/index.js";
import { type EtcdDirectory, openEtcdDirectory } from "./etcd-directory.js";
import { loadDatabase } from "./loading.js";
import { filled, type NewDirs, requireEmpty } from "./new-data-dir.js";
import { type Membership, MembershipChanges, memoryBackend } from "./replayed-membership.js";
import { openStoredDatabase } from "./stored-database.js";

export interface ImportOptions extends NewDirs {
  /** A data directory of etcd 3.4 to 3.7 whose member does not run. Nothing in it is changed. */
  readonly from: string;
  /** Its raft log, when that is not inside the directory. */
  readonly fromWalDir?: string;
  readonly logger: Logger;
  /** Called with the bytes of the database that were loaded. */
  readonly onRead?: (bytes: number) => void;
}

/** A member that was moved. */
export interface MovedMember extends WalMetadata {
  /** The last entry that is applied in its database. */
  readonly applied: number;
  /** The last entry of its log. */
  readonly last: number;
}

/** Bytes of entries that are written to the log at once. */
const batchBytes = 4 * 1024 * 1024;

/**
 * Makes a data directory of ours of one of etcd itself: the same member of the same cluster, with the same revisions
 * and the same raft log behind its last snapshot, so that the member goes on where it stopped.
 *
 * @throws Error that names the fault; the created directories are removed then
 */
export async function importMember(options: ImportOptions): Promise<MovedMember> {
  const { from, fromWalDir, dataDir, walDir, logger } = options;
  await requireEmpty(options);
  const source = await openEtcdDirectory(from, fromWalDir);
  const { ids, log, meta } = source;
  if (log.torn !== undefined) {
    const { path: file, offset } = log.torn;
    logger.warn("left out an incomplete write, never acknowledged, from the end of the raft log", { file, offset });
  }
  const place = { "from-data-dir": from, "data-dir": dataDir, ...(walDir === undefined ? {} : { "wal-dir": walDir }) };
  const names = { "local-member-id": idText(ids.memberId), "cluster-id": idText(ids.clusterId) };
  logger.info("importing member", { ...place, ...names, "consistent-index": meta.index });
  requireWhole(source);
  await filled(options, () => fill(options, source));
  const last = log.last?.index ?? source.snapshot?.index ?? 0;
  logger.info("imported member", { ...place, ...names, "consistent-index": meta.index, "last-index": last });
  return { ...ids, applied: meta.index, last };
}

/** Checks that log and database belong together, as a start does. */
function requireWhole({ log, snapshot, meta }: EtcdDirectory): void {
  if (meta.index === 0) {
    throw new Error("the member has not applied anything yet, so there is nothing to import: start a new one");
  }
  const last = log.last?.index ?? snapshot?.index ?? 0;
  const needed = Math.max(meta.index, log.hardState.commit);
  if (needed <= last) return;
  throw new Error(
    `the raft log ends at index ${last}, but entries up to ${needed} are committed: acknowledged writes are lost. ` +
      "Remove this member from its cluster and add it again, or restore a snapshot (etcdutl snapshot restore)",
  );
}

/** Writes the database, then the log. A log without a database would look like a member that has lost its data. */
async function fill(options: ImportOptions, source: EtcdDirectory): Promise<void> {
  const { dataDir, logger, onRead } = options;
  const { ids, meta, databasePath } = source;
  const { backendDir, walDir } = await createDataDir(dataDir, logger, options.walDir);
  const { term, membership } = await stateAt(source);
  const { confState, data } = membership;
  const snapshot = { metadata: { index: meta.index, term, confState }, data };
  const backend = await loadDatabase({ backendDir, ids, path: databasePath, logger, onRead }, snapshot);
  await backend.close();
  await writeLog(source, walDir, logger);
}

/** The term of the last applied entry, and the membership as of that entry. */
async function stateAt(source: EtcdDirectory): Promise<{ readonly term: number; readonly membership: Membership }> {
  const { ids, log, snapshot, meta, databasePath } = source;
  const changes = new MembershipChanges(meta.index);
  let term = snapshot?.term ?? 0;
  for await (const entry of openedEntries(log.segments, snapshot?.index ?? 0)) {
    const { index } = entry;
    if (index <= meta.index) term = entry.term;
    if (meta.storageVersion === undefined) changes.add(ofRaft(entry));
  }
  // Up to etcd 3.5 snapshots and entries say who the members are. Later releases trust the database alone.
  if (meta.storageVersion !== undefined) return { term, membership: await storedMembership(databasePath, source) };
  if (snapshot === undefined) return { term, membership: await changes.after(undefined, ids) };
  const { confState, data } = snapshot;
  if (data === undefined) throw new DiskError("the snapshot of the raft log has no members");
  return { term, membership: await changes.after({ confState, data }, ids) };
}

const membershipBuckets: readonly Bucket[] = ["members", "members_removed", "cluster"];

async function storedMembership(path: string, { ids, meta }: EtcdDirectory): Promise<Membership> {
  const database = await openStoredDatabase(path);
  const backend: Backend = await memoryBackend();
  try {
    for (const bucket of membershipBuckets) {
      for await (const rows of database.batches(bucket)) {
        for (const [key, value] of rows) backend.put(bucket, key, value);
      }
    }
    const cluster = new Cluster({
      level: newestApiLevel,
      backend,
      logger: silentLogger,
      clusterId: ids.clusterId,
      localId: ids.memberId,
    });
    await cluster.restore();
    const confState = meta.confState === undefined ? emptyConfState : confStateOf(meta.confState);
    return { confState, data: cluster.snapshotData() };
  } finally {
    await backend.close();
    await database.close();
  }
}

/** Writes the log behind the last snapshot, with entries that are not applied or not committed yet. */
async function writeLog({ ids, log, snapshot, meta }: EtcdDirectory, dir: string, logger: Logger): Promise<void> {
  const { wal } = await Wal.open({ dir, logger, metadata: ids });
  try {
    if (snapshot !== undefined) {
      const { index, term, confState, data = new Uint8Array(0) } = snapshot;
      await wal.save({ snapshot: { metadata: { index, term, confState }, data } });
    }
    let entries: Entry[] = [];
    let bytes = 0;
    for await (const entry of openedEntries(log.segments, snapshot?.index ?? 0)) {
      const replaced = entries.length > 0 && entry.index !== (entries.at(-1)?.index ?? 0) + 1;
      if (replaced || bytes >= batchBytes) {
        await wal.save({ entries });
        entries = [];
        bytes = 0;
      }
      entries.push(ofRaft(entry));
      bytes += entry.data.length;
    }
    const { term, vote, commit } = log.hardState;
    await wal.save({ entries, hardState: { term, vote, commit: Math.max(commit, meta.index) } });
  } finally {
    await wal.close();
  }
}

function ofRaft(entry: raftpb.Entry): Entry {
  const { term, index, data } = entry;
  return { term, index, data, type: entryTypeOf(entry) };
}
