import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DiskError, openLevelBackend } from "../../backend/index.js";
import { type Logger, systemClock } from "../../base/index.js";
import { databaseDirs } from "../snapshots/databases.js";

/**
 * Rewrites the database of a member that does not run, without what was deleted or overwritten.
 *
 * @throws DiskError when there is none, or a member runs on it
 */
export async function defragmentDataDir(dataDir: string, logger: Logger): Promise<void> {
  const dir = join(dataDir, "member", "db");
  const dirs = await databaseDirs(dir);
  if (dirs.length === 0) throw new DiskError(await whyNone(dir));
  for (const path of dirs) {
    // A failure reaches the caller as the rejection of `defragment`.
    const onFailure = (): void => undefined;
    const backend = await openLevelBackend({ dir: path, clock: systemClock, logger, onFailure });
    try {
      await backend.defragment();
    } finally {
      await backend.close();
    }
  }
}

async function whyNone(dir: string): Promise<string> {
  const file = join(dirname(dir), "snap", "db");
  const foreign = await stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
  if (foreign) return `${file} is etcd's own database, in another format: use etcdutl defrag`;
  return `stat ${dir}: no such file or directory`;
}
