import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../../base/index.js";

/** The directories of a member that is to be made. */
export interface NewDirs {
  /** The data directory, which is created, or exists and is empty. */
  readonly dataDir: string;
  /** A separate directory for the raft log, which is created. */
  readonly walDir?: string;
}

/** @throws Error when there is something already */
export async function requireEmpty({ dataDir, walDir }: NewDirs): Promise<void> {
  if (!(await isEmpty(dataDir))) throw new Error(`data-dir ${JSON.stringify(dataDir)} not empty or could not be read`);
  if (walDir !== undefined && (await exists(walDir))) throw new Error(`wal-dir ${JSON.stringify(walDir)} exists`);
}

/** Fills directories that `requireEmpty` has accepted. When that fails, those that it made are removed. */
export async function filled({ dataDir, walDir }: NewDirs, fill: () => Promise<void>): Promise<void> {
  const made = [(await exists(dataDir)) ? join(dataDir, "member") : dataDir, ...(walDir === undefined ? [] : [walDir])];
  try {
    await fill();
  } catch (error) {
    for (const dir of made) await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

async function isEmpty(dir: string): Promise<boolean> {
  try {
    return (await readdir(dir)).length === 0;
  } catch (error) {
    return errorCode(error) === "ENOENT";
  }
}

function exists(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    (error: unknown) => errorCode(error) !== "ENOENT",
  );
}
