import { createHash } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import type { EtcdServer } from "../server/index.js";

const chunkBytes = 256 * 1024;

/** Writes a snapshot with its digest to `path`. An existing file is replaced once the new one is complete. */
export async function saveSnapshot(server: Pick<EtcdServer, "maintenance">, path: string): Promise<void> {
  const part = `${path}.part`;
  const snapshot = await server.maintenance.takeSnapshot(new AbortController().signal);
  try {
    const file = await open(part, "w", 0o600);
    try {
      const digest = createHash("sha256");
      for await (const chunk of snapshot.chunks(chunkBytes)) {
        digest.update(chunk);
        await file.writeFile(chunk);
      }
      await file.writeFile(digest.digest());
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    await snapshot.close();
  }
}
