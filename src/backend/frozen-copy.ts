import { copyFile, mkdir, readdir, stat, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DiskError } from "./disk-error.js";
import { isLocked } from "./file-lock.js";

/**
 * Makes a copy of a LevelDB directory that can be opened without a change to the original. The tables, which nobody
 * ever changes, are links to the original's; the logs and the manifest, a few MiB, are copied.
 *
 * @param target a directory that does not exist
 * @throws DiskError when a process uses the directory, or there is no database in it
 */
export async function freezeLevel(dir: string, target: string): Promise<void> {
  if (await isLocked(join(dir, "LOCK"))) throw inUse(dir);
  const before = await filesOf(dir);
  if (!before.has("CURRENT")) throw new DiskError(`${dir} holds no database`);
  await mkdir(target, { recursive: true, mode: 0o700 });
  for (const name of before.keys()) {
    const [from, to] = [resolve(dir, name), join(target, name)];
    if (/\.(ldb|sst)$/.test(name)) await symlink(from, to).catch(() => copyFile(from, to));
    else if (/^(CURRENT|MANIFEST-\d+|\d+\.log)$/.test(name)) await copyFile(from, to);
  }
  // A lock of another machine or container does not show. A change does.
  const after = await filesOf(dir);
  for (const [name, state] of before) if (after.get(name) !== state) throw inUse(dir);
}

/** The size and the time of the last change of each file. */
async function filesOf(dir: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const names = await readdir(dir).catch((error: unknown) => {
    throw new DiskError(`${dir} holds no database`, { cause: error });
  });
  for (const name of names) {
    const found = await stat(join(dir, name)).catch(() => undefined);
    files.set(name, found === undefined ? "gone" : `${found.size} ${found.mtimeMs}`);
  }
  return files;
}

function inUse(dir: string): DiskError {
  return new DiskError(`another process is using ${dir}: stop the member first`);
}
