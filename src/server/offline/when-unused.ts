import { stat } from "node:fs/promises";
import { join } from "node:path";
import { DiskError, isLocked } from "../../backend/index.js";
import { formatDuration, pause, systemClock } from "../../base/index.js";
import { lockedDirs } from "../../wal/index.js";
import { databaseDirs } from "../disk/database-folder.js";

const lookEveryMs = 100;

/**
 * Waits until no process uses a snapshot file or a data directory.
 *
 * @param timeoutMs 0 waits for ever
 * @throws DiskError when the time is over
 */
export async function whenUnused(path: string, timeoutMs: number): Promise<void> {
  const started = systemClock.now();
  for (;;) {
    const used = await lockedIn(path);
    if (used === undefined) return;
    if (timeoutMs > 0 && systemClock.now() - started >= timeoutMs) {
      const waited = formatDuration(timeoutMs);
      throw new DiskError(`another process is using ${used}, also after ${waited}: stop it first`);
    }
    await pause(systemClock, lookEveryMs);
  }
}

/** A file that a process has locked. */
async function lockedIn(path: string): Promise<string | undefined> {
  for (const file of await locksOf(path)) if (await isLocked(file)) return file;
  return undefined;
}

async function locksOf(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) return [path];
  const databases = await databaseDirs(join(path, "member", "db"));
  const logs = await lockedDirs(join(path, "member", "wal"));
  const ours = [...logs, ...databases].map((dir) => join(dir, "LOCK"));
  return [...ours, join(path, "member", "snap", "db")];
}
