import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LevelStore, openMemoryStore } from "../../src/backend/index.js";

/** A disk in memory that outlives whoever writes to it: databases keep what was written when they are closed. */
export class MemoryDisk {
  readonly #stores = new Map<string, LevelStore>();
  #power = 0;
  /** Makes every write to this directory (`wal` or `db`) fail from now on. */
  failing: string | undefined;
  /** Batches written, by the last part of their directory. */
  readonly writes = new Map<string, number>();

  /** The power goes: whoever has a database open now writes nothing any more, and may be forgotten. */
  crash(): void {
    this.#power++;
  }

  /** Removes a directory with its contents. */
  forget(name: string): void {
    for (const dir of this.#stores.keys()) {
      if (!dir.endsWith(`/${name}`)) continue;
      this.#stores.delete(dir);
      rmSync(dir, { recursive: true });
    }
  }

  async open(dir: string): Promise<LevelStore> {
    // A directory that was removed is a new one when it comes back.
    const kept = existsSync(dir) ? this.#stores.get(dir) : undefined;
    const store = kept ?? (await openMemoryStore());
    this.#stores.set(dir, store);
    // By this file a database is known to be there.
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, "CURRENT"), "");
    return this.#wrap(store, dir.slice(dir.lastIndexOf("/") + 1), this.#power);
  }

  #wrap(store: LevelStore, name: string, power: number): LevelStore {
    return {
      dir: store.dir,
      getSync: (key, snapshot) => store.getSync(key, snapshot),
      iterate: (low, high, snapshot) => store.iterate(low, high, snapshot),
      snapshot: () => store.snapshot(),
      compact: () => store.compact(),
      fileBytes: () => store.fileBytes(),
      close: async () => undefined,
      batch: () => {
        const batch = store.batch();
        return {
          put: (key, value) => batch.put(key, value),
          del: (key) => batch.del(key),
          write: async (options) => {
            if (power !== this.#power) throw new Error("the power is off");
            if (this.failing === name) throw Object.assign(new Error("IO error"), { code: "LEVEL_IO_ERROR" });
            this.writes.set(name, (this.writes.get(name) ?? 0) + 1);
            await batch.write(options);
          },
        };
      },
    };
  }
}
