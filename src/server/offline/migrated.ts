import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Backend, DiskError, openLevelBackend } from "../../backend/index.js";
import { clusterVersionOf, type Logger, newestApiLevel, silentLogger, systemClock } from "../../base/index.js";
import {
  compareVersions,
  forceStorageVersion,
  loadStorageVersion,
  shortVersion,
  stepStorageVersion,
} from "../../cluster/index.js";
import { databaseDirs } from "../disk/database-folder.js";
import { LogDemands, unreadableFor } from "../log/log-demands.js";
import { openFrozenMember } from "./frozen-member.js";

export interface MigrateOptions {
  readonly dataDir: string;
  /** The raft log, when it is not inside the data directory. */
  readonly walDir?: string;
  /** The storage version to have afterwards, such as `3.6.0`. */
  readonly target: string;
  /** Whether to write the version also when the database cannot be migrated. */
  readonly force: boolean;
  readonly logger: Logger;
}

/**
 * Moves the database of a stopped member to another storage version.
 *
 * @throws Error with etcd's text, when the version is unknown or the log has entries that members of that version
 * cannot read; DiskError when there is no database
 */
export async function migrateDataDir({ dataDir, walDir, target, force, logger }: MigrateOptions): Promise<void> {
  const dir = await newestDatabase(dataDir);
  const { from, newestEntry } = await stateOf(dataDir, walDir);
  if (from === undefined) {
    logger.error("failed to detect storage version. Please make sure you are using data dir from etcd v3.5 and older");
    throw new Error("missing term information");
  }
  if (compareVersions(from, target) === 0) {
    logger.info("storage version up-to-date", { "storage-version": shortVersion(from) });
    return;
  }
  const problem = problemOf(from, target, newestEntry);
  if (problem !== undefined && !force) throw new Error(problem);
  await changed(dir, logger, (backend) => {
    if (problem !== undefined) {
      logger.info("normal migrate failed, trying with force", { error: problem });
      const recorded = forceStorageVersion(backend, target);
      if (recorded) logger.warn("forcefully set storage version", { "storage-version": shortVersion(target) });
      else logger.warn("forcefully cleared storage version");
      return;
    }
    for (let now = from; compareVersions(now, target) !== 0; ) {
      now = stepStorageVersion(backend, now, target);
      logger.info("updated storage version", { "new-storage-version": now });
    }
  });
}

/** The directory of the database that a start would open. @throws DiskError that says why there is none */
export async function newestDatabase(dataDir: string): Promise<string> {
  const dir = join(dataDir, "member", "db");
  const [newest] = await databaseDirs(dir);
  if (newest !== undefined) return newest;
  const file = join(dirname(dir), "snap", "db");
  const foreign = await stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
  if (foreign) throw new DiskError(`${file} is etcd's own database, in another format: use etcd's own etcdutl`);
  throw new DiskError(`stat ${dir}: no such file or directory`);
}

/** The version of a database, and the newest release that an entry behind the last snapshot demands. */
async function stateOf(dataDir: string, walDir: string | undefined) {
  const member = await openFrozenMember(dataDir, walDir, silentLogger);
  try {
    return {
      from: loadStorageVersion(member.backend),
      newestEntry: new LogDemands(member.log.entries, 0).newest,
    };
  } finally {
    await member.close();
  }
}

/** Says why a database cannot be migrated, in etcd's words; undefined when it can. */
function problemOf(from: string, target: string, newestEntry: string | undefined): string | undefined {
  const cannot = (why: string): string => `cannot create migration plan: ${why}`;
  const [[major], [targetMajor]] = [from.split("."), target.split(".")];
  if (major !== targetMajor) return cannot("changing major storage version is not supported");
  const newest = clusterVersionOf(newestApiLevel);
  if (compareVersions(target, newest) > 0) {
    const unknown = `${major}.${Number(shortVersion(newest).split(".")[1]) + 1}.0`;
    return cannot(`version ${JSON.stringify(unknown)} is not supported`);
  }
  return compareVersions(target, from) > 0 ? undefined : unreadableFor(target, newestEntry);
}

async function changed(dir: string, logger: Logger, change: (backend: Backend) => void): Promise<void> {
  const onFailure = (): void => undefined; // The caller sees a failure as the rejection of `commit`.
  const backend = await openLevelBackend({ dir, clock: systemClock, logger, onFailure });
  try {
    change(backend);
    await backend.commit();
  } finally {
    await backend.close();
  }
}
