import { copyFile, link, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../base/index.js";
import { manifestOf, tableName } from "./manifest.js";

/** How often a copy is begun again because LevelDB has removed a file meanwhile. */
const attemptsMax = 20;
/** The most tables that are linked at once. */
const linksAtOnce = 32;
/** Errors of file systems that have no hard links, or no more of them for a file. */
const linkRefusals: ReadonlySet<string | undefined> = new Set([
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EXDEV",
  "EMLINK",
]);

/**
 * Makes a copy of a LevelDB directory that is open in this process, while nothing is written to the database. LevelDB
 * may go on merging tables: each state of its manifest describes the same contents then, and the copy is whole when all
 * files that one state names were there. The tables, which nobody ever changes, become hard links. The logs and the
 * manifest, some MiB, are copied.
 *
 * @param target a directory that does not exist; it is removed when the copy fails
 * @returns false when the file system has no hard links
 */
export async function copyOpenLevel(dir: string, target: string): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await copyOnce(dir, target);
      return true;
    } catch (error) {
      await rm(target, { recursive: true, force: true });
      if (linkRefusals.has(errorCode(error))) return false;
      if (errorCode(error) !== "ENOENT" || attempt === attemptsMax) throw error;
    }
  }
}

async function copyOnce(dir: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o700 });
  // Listed before the manifest is read: a log may be removed at any time, and none appears while nothing is written.
  const logs = (await readdir(dir)).filter((file) => /^\d+\.log$/.test(file));
  const name = (await readFile(join(dir, "CURRENT"), "latin1")).trim();
  const written = await readFile(join(dir, name));
  const { tables, logNumber, previousLog } = manifestOf(written);
  const names = [...tables.keys()].map(tableName);
  for (let at = 0; at < names.length; at += linksAtOnce) {
    await Promise.all(names.slice(at, at + linksAtOnce).map((table) => link(join(dir, table), join(target, table))));
  }
  for (const log of logs) {
    const number = Number.parseInt(log, 10);
    if (number >= logNumber || number === previousLog) await copyFile(join(dir, log), join(target, log));
  }
  await writeFile(join(target, name), written, { mode: 0o600 });
  await writeFile(join(target, "CURRENT"), `${name}\n`, { mode: 0o600 });
}
