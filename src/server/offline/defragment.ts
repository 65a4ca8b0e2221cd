import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DiskError, openLevelBackend } from "../../backend/index.js";
import { type Logger, systemClock } from "../../base/index.js";
import { databaseDirs } from "../disk/database-folder.js";

/**
 * Rewrites the database of a stopped member without deleted and overwritten data.
 *
 * @throws DiskError when there is no database, or a running member uses it
 */
export async function defragmentDataDir(dataDir: string, logger: Logger): Promise<void> {
  const dir = join(dataDir, "member", "db");
  const dirs = await databaseDirs(dir);
  if (dirs.length === 0) throw new DiskError(await whyNone(dir));
  for (const path of dirs) {
    // The caller sees a failure as the rejection of `defragment`.
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
