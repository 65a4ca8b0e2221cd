import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { storedIndex } from "../../apply/index.js";
import { type Logger, newestApiLevel, readBE64, silentLogger, systemClock } from "../../base/index.js";
import {
  Cluster,
  compareVersions,
  idText,
  loadConfState,
  loadStorageVersion,
  shortVersion,
  stepStorageVersion,
} from "../../cluster/index.js";
import { numberOfEntryType, writeLog, writeSnapFile } from "../../etcdwal/index.js";
import { emptyConfState } from "../../raft/index.js";
import { ServerCounters } from "../counters.js";
import { LogDemands, unreadableFor } from "../log/log-demands.js";
import { DatabaseSnapshots } from "../snapshots/database-snapshot.js";
import { type FrozenMember, openFrozenMember } from "./frozen-member.js";
import type { MovedMember } from "./imported.js";
import { filled, type NewDirs, requireEmpty } from "./new-data-dir.js";

export interface ExportOptions extends NewDirs {
  /** A data directory of ours whose member does not run. Nothing in it is changed. */
  readonly from: string;
  /** Its raft log, when that is not inside the directory. */
  readonly fromWalDir?: string;
  /**
   * The oldest release that is to start on the new directory, such as `3.5.0`. When the version of the cluster is
   * newer, it is lowered, so all members of the cluster must be exported with the same target. By default a member that
   * is alone in its cluster is exported for 3.5 if its log allows it, and others keep the version of their cluster.
   */
  readonly targetVersion?: string;
  readonly logger: Logger;
  /** Called with the bytes of the database that were written. */
  readonly onWritten?: (bytes: number) => void;
}

/** A member of ours that was moved to etcd. */
export interface ExportedMember extends MovedMember {
  /** The cluster's version; older releases of etcd do not start. Undefined while members have not agreed on one. */
  readonly clusterVersion: string | undefined;
  /** Whether the cluster's version was lowered. */
  readonly lowered: boolean;
  /** The number of members that the cluster has. */
  readonly members: number;
}

const chunkBytes = 1024 * 1024;
/** The oldest release of etcd that exported members are for. */
const oldestTarget = "3.5.0";

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
    const before = cluster.version;
    lowerVersion(options.targetVersion, member, cluster, applied);
    const lowered = cluster.version !== before;
    if (lowered) logger.info("lowered the version of the cluster", { ...names, from: before, to: cluster.version });
    await filled(options, () => fill(options, member, applied, cluster.snapshotData()));
    const last = Math.max(applied, member.log.entries.at(-1)?.index ?? 0);
    logger.info("exported member", { ...place, ...names, "consistent-index": applied, "last-index": last });
    const { version: clusterVersion } = cluster;
    return { ...member.ids, applied, last, clusterVersion, lowered, members: cluster.members().length };
  } finally {
    await member.close();
  }
}

/** Lowers the version of the cluster and that of the database, in the copy that is exported. @throws Error */
function lowerVersion(
  wanted: string | undefined,
  { backend, log }: FrozenMember,
  cluster: Cluster,
  applied: number,
): void {
  const { version } = cluster;
  const target = wanted ?? (cluster.members().length === 1 ? oldestTarget : version);
  if (target === undefined || (version === undefined && wanted === undefined)) return;
  if (version === undefined) throw new Error("the cluster has not agreed on a version yet, so it cannot be lowered");
  if (wanted !== undefined && compareVersions(wanted, version) > 0) {
    const [known, newer] = [shortVersion(version), shortVersion(wanted)];
    throw new Error(
      `the version of the cluster is ${known}, and etcd ${newer} starts on it: leave the target version out`,
    );
  }
  const left = log.entries.filter(({ index }) => index > applied);
  const fault = unreadableFor(target, new LogDemands(left, applied).newest);
  if (fault !== undefined && wanted !== undefined) throw new Error(fault);
  if (fault !== undefined) return;
  if (compareVersions(target, version) < 0) {
    cluster.setDowngrade({ enabled: false, targetVersion: "" });
    cluster.setVersion(target);
  }
  for (let now = loadStorageVersion(backend); now !== undefined && compareVersions(now, target) > 0; ) {
    now = stepStorageVersion(backend, now, target);
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
