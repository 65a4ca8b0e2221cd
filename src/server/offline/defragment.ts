import { join } from "node:path";
import { openLevelBackend } from "../../backend/index.js";
import { type Logger, systemClock } from "../../base/index.js";
import { databaseDirs } from "../disk/database-folder.js";
import { newestDatabase } from "./migrated.js";

/**
 * Rewrites the database of a stopped member without deleted and overwritten data.
 *
 * @throws DiskError when there is no database, or a running member uses it
 */
export async function defragmentDataDir(dataDir: string, logger: Logger): Promise<void> {
  const dir = join(dataDir, "member", "db");
  const dirs = await databaseDirs(dir);
  await newestDatabase(dataDir);
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
