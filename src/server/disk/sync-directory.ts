import { open } from "node:fs/promises";

/** Syncs a directory, since a new file name is on disk only after that. */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
