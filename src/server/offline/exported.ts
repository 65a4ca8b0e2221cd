import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { storedIndex } from "../../apply/index.js";
import { type Logger, newestApiLevel, readBE64, silentLogger, systemClock } from "../../base/index.js";
import { Cluster, idText, loadConfState } from "../../cluster/index.js";
import { numberOfEntryType, writeLog, writeSnapFile } from "../../etcdwal/index.js";
import { emptyConfState } from "../../raft/index.js";
import { ServerCounters } from "../counters.js";
import { DatabaseSnapshots } from "../snapshots/database-snapshot.js";
import { type FrozenMember, openFrozenMember } from "./frozen-member.js";
import type { MovedMember } from "./imported.js";
import { filled, type NewDirs, requireEmpty } from "./new-data-dir.js";

export interface ExportOptions extends NewDirs {
  /** A data directory of ours whose member does not run. Nothing in it is changed. */
  readonly from: string;
  /** Its raft log, when that is not inside the directory. */
  readonly fromWalDir?: string;
  readonly logger: Logger;
  /** Called with the bytes of the database that were written. */
  readonly onWritten?: (bytes: number) => void;
}

/** A member of ours that was moved to etcd. */
export interface ExportedMember extends MovedMember {
  /** The cluster's version; older releases of etcd do not start. Undefined while members have not agreed on one. */
  readonly clusterVersion: string | undefined;
}

const chunkBytes = 1024 * 1024;

/**
 * Makes a data directory on which etcd itself starts of one of ours: the same member of the same cluster. Its newest
 * snapshot is the database as it is, so the log holds the entries that are not applied yet.
 *
 * @throws Error that names the fault; the created directories are removed then
 */
export async function exportMember(options: ExportOptions): Promise<ExportedMember> {
  const { from, fromWalDir, dataDir, walDir, logger } = options;
  await requireEmpty(options);
  const member = await openFrozenMember(from, fromWalDir, logger);
  try {
    const applied = storedIndex(member.backend);
    if (applied === 0) throw new Error("the member has not applied anything yet, so there is nothing to export");
    const place = {
      "from-data-dir": from,
      "data-dir": dataDir,
      ...(walDir === undefined ? {} : { "wal-dir": walDir }),
    };
    const names = { "local-member-id": idText(member.ids.memberId), "cluster-id": idText(member.ids.clusterId) };
    logger.info("exporting member", { ...place, ...names, "consistent-index": applied });
    const { clusterId, memberId: localId } = member.ids;
    const cluster = new Cluster({
      level: newestApiLevel,
      backend: member.backend,
      logger: silentLogger,
      clusterId,
      localId,
    });
    await cluster.restore();
    await filled(options, () => fill(options, member, applied, cluster.snapshotData()));
    const last = Math.max(applied, member.log.entries.at(-1)?.index ?? 0);
    logger.info("exported member", { ...place, ...names, "consistent-index": applied, "last-index": last });
    return { ...member.ids, applied, last, clusterVersion: cluster.version };
  } finally {
    await member.close();
  }
}

async function fill(options: ExportOptions, member: FrozenMember, index: number, members: Uint8Array): Promise<void> {
  const { dataDir } = options;
  const { ids, log, backend } = member;
  const snapDir = join(dataDir, "member", "snap");
  const walDir = options.walDir ?? join(dataDir, "member", "wal");
  for (const dir of [snapDir, walDir]) await mkdir(dir, { recursive: true, mode: 0o700 });
  await writeDatabase(member, join(snapDir, "db"), options.onWritten);
  const stored = backend.get("meta", Buffer.from("term"));
  const term = stored === undefined ? 0 : readBE64(stored, 0);
  const confState = loadConfState(backend) ?? emptyConfState;
  const metadata = { index, term, confState };
  await writeSnapFile(snapDir, { metadata, data: members });
  const entries = log.entries.filter((entry) => entry.index > index);
  const { term: lastTerm, vote, commit } = log.hardState ?? { term, vote: 0n, commit: index };
  await writeLog(walDir, {
    ...ids,
    snapshot: metadata,
    entries: entries.map(({ type, ...entry }) => ({ ...entry, type: numberOfEntryType(type) })),
    hardState: { term: lastTerm, vote, commit: Math.max(commit, index) },
  });
}

async function writeDatabase(
  { backend }: FrozenMember,
  path: string,
  onWritten: ((bytes: number) => void) | undefined,
): Promise<void> {
  const snapshots = new DatabaseSnapshots(backend, systemClock, new ServerCounters(), 1);
  const snapshot = snapshots.take(new AbortController().signal);
  const file = await open(path, "wx", 0o600);
  try {
    for await (const chunk of snapshot.chunks(chunkBytes)) {
      await file.writeFile(chunk);
      onWritten?.(chunk.length);
    }
    await file.sync();
  } finally {
    await snapshot.close();
    await file.close();
  }
}
