import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LevelStore, openMemoryStore } from "../../src/backend/index.js";
import { changedBatch, changedStore } from "../../src/testing/changed-store.js";

/** A disk in memory. Databases keep their data when they are closed, so the disk outlives the members that use it. */
export class MemoryDisk {
  readonly #stores = new Map<string, LevelStore>();
  #power = 0;
  /** The directory, `wal` or `db`, whose writes fail from now on. */
  failing: string | undefined;
  /** The number of written batches, by the last part of their directory. */
  readonly writes = new Map<string, number>();

  /** Simulates a power failure: databases that are open now write nothing more. */
  crash(): void {
    this.#power++;
  }

  /** Removes a directory and its contents. */
  forget(name: string): void {
    for (const dir of this.#stores.keys()) {
      if (!dir.endsWith(`/${name}`)) continue;
      this.#stores.delete(dir);
      rmSync(dir, { recursive: true });
    }
  }

  async open(dir: string): Promise<LevelStore> {
    // A directory that was removed and created again is empty.
    const kept = existsSync(dir) ? this.#stores.get(dir) : undefined;
    const store = kept ?? (await openMemoryStore());
    this.#stores.set(dir, store);
    // The start looks for this file to decide whether there is a database.
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, "CURRENT"), "");
    return this.#wrap(store, dir.slice(dir.lastIndexOf("/") + 1), this.#power);
  }

  #wrap(store: LevelStore, name: string, power: number): LevelStore {
    return changedStore(store, {
      close: async () => undefined,
      batch: () =>
        changedBatch(store, async (write) => {
          if (power !== this.#power) throw new Error("the power is off");
          if (this.failing === name) throw Object.assign(new Error("IO error"), { code: "LEVEL_IO_ERROR" });
          this.writes.set(name, (this.writes.get(name) ?? 0) + 1);
          await write();
        }),
    });
  }
}
