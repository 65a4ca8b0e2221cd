import { constants } from "node:fs";
import { access, mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { DiskError } from "../backend/index.js";
import { errorCode, errorText, type Logger } from "../base/index.js";
import { holdsLog } from "./segments.js";

/** The places in a data directory. */
export interface DataDir {
  readonly backendDir: string;
  readonly walDir: string;
}

/**
 * Creates the data directory of a member, readable by its owner only, or checks the existing one.
 *
 * @param dedicatedWalDir directory of the raft log, when it is not inside the data directory
 * @throws DiskError when it is not a directory, cannot be written to, or holds the data of another program
 */
export async function createDataDir(dataDir: string, logger: Logger, dedicatedWalDir?: string): Promise<DataDir> {
  const walDir = dedicatedWalDir ?? join(dataDir, "member", "wal");
  await privateDirectory(dataDir, logger);
  if (dedicatedWalDir !== undefined) await privateDirectory(dedicatedWalDir, logger);
  const foreign = await etcdFile(dataDir, walDir);
  if (foreign !== undefined) {
    throw new DiskError(
      `${dataDir} belongs to an etcd that keeps its data in another format (${foreign}): use another ` +
        "data directory, or convert this one with etcdutl import",
    );
  }
  const stray = await strayFile(walDir);
  if (stray !== undefined) {
    throw new DiskError(
      `${walDir} holds files (${stray}) but no raft log, or only part of one: ` +
        "copy all of it, or use an empty directory",
    );
  }
  return { backendDir: join(dataDir, "member", "db"), walDir };
}

async function privateDirectory(dir: string, logger: Logger): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const { mode } = await stat(dir);
    if ((mode & 0o077) !== 0) {
      const permission = (mode & 0o777).toString(8).padStart(4, "0");
      logger.warn("other users of this machine can access the data directory", {
        dir,
        permission,
        "recommended-permission": "0700",
      });
    }
    await access(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new DiskError(`cannot use ${dir} as data directory: ${reason(error)}`, { cause: error });
  }
}

/** Files that LevelDB creates before a database exists; a first start that was cut short leaves some of them. */
const beginnings = new Set(["LOCK", "LOG", "LOG.old", "MANIFEST-000001", "000001.dbtmp", "lost+found"]);

/** A file in a directory without a raft log; it would get mixed up with the files of a new log. */
async function strayFile(walDir: string): Promise<string | undefined> {
  const names = await readdir(walDir).catch((): string[] => []);
  return holdsLog(names) ? undefined : names.find((name) => !beginnings.has(name));
}

/** A file that identifies a data directory of etcd itself. */
async function etcdFile(dataDir: string, walDir: string): Promise<string | undefined> {
  const snapshots = join(dataDir, "member", "snap");
  for (const dir of [snapshots, walDir]) {
    const names = await readdir(dir).catch(() => []);
    const found = names.find((name) => name.endsWith(".wal") || (dir === snapshots && name === "db"));
    if (found !== undefined) return join(dir, found);
  }
  return undefined;
}

function reason(error: unknown): string {
  switch (errorCode(error)) {
    case "EEXIST":
    case "ENOTDIR":
      return "it is, or lies under, a file that is not a directory";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "EROFS":
      return "the file system is read-only";
    case "ENOSPC":
      return "the disk is full";
    default:
      return errorText(error);
  }
}
