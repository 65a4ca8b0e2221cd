import { open } from "node:fs/promises";

/** Syncs a directory: the names of new files, and the absence of removed ones, are durable only after that. */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
