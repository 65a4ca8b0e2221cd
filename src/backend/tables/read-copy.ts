import { rm } from "node:fs/promises";
import type { StepTurns } from "../../base/index.js";
import type { Backend } from "../backend.js";
import { CopiedDatabase } from "./copied-database.js";

/**
 * Lets `read` read a copy of the database as it is at some moment during the call, for a fraction of what the rows cost
 * otherwise. The copy is removed when `read` ends.
 *
 * @returns false when the database is not copied
 * @throws DiskError when the copy is damaged; the error of the disk, or of `read`
 */
export async function readCopy(
  backend: Partial<Pick<Backend, "copyPlace" | "copyTo">>,
  turns: StepTurns,
  read: (copy: CopiedDatabase) => Promise<void>,
): Promise<boolean> {
  const dir = backend.copyPlace?.();
  if (dir === undefined) return false;
  try {
    if ((await backend.copyTo?.(dir, () => undefined)) !== true) return false;
    await read(await CopiedDatabase.open(dir, turns));
    return true;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
