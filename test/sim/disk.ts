import { join } from "node:path";
import { type LevelBatch, type LevelStore, openMemoryStore } from "../../src/backend/index.js";
import type { Random } from "../../src/base/index.js";
import { changedStore } from "../../src/testing/changed-store.js";
import type { ProcessClock } from "../../src/testing/process-clock.js";
import { type CopiedFiles, copyRows, readCopy } from "./copied-rows.js";
import { type File, files, promises } from "./files.js";

type Change = (batch: LevelBatch) => void;

interface Database {
  readonly store: LevelStore;
  /** The files that the database was read from, if it began as a copy of another one. */
  readonly from: CopiedFiles | undefined;
  /** The batches that are not on disk yet, in order. The first one is being written. */
  writing: (readonly Change[])[];
}

/**
 * The disk of one machine. Writes take time, and after a crash an unfinished write may be there or not.
 *
 * A database is in memory. The file `CURRENT` in its folder stands for it, so that it moves with the folder. A copy of
 * a database consists of files (copied-rows.ts), which can be sent to another machine and opened as a database there.
 */
export class SimDisk {
  /** The maximum time of a write, in ms. */
  slowMs = 3;
  readonly #random: Random;
  readonly #databases = new Map<File, Database>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Opens a database for a process. After the death of the process its writes have no effect. */
  async open(dir: string, clock: ProcessClock): Promise<LevelStore> {
    const path = join(dir, "CURRENT");
    if (!files.exists(path)) {
      const store = await openMemoryStore();
      await promises.mkdir(dir);
      // The start looks for this file to decide whether there is a database.
      this.#databases.set(files.open(path, "w"), { store, from: undefined, writing: [] });
    }
    const current = files.open(path, "r");
    const database = this.#databases.get(current) ?? (await openCopy(dir));
    this.#databases.set(current, database);
    return this.#storeFor(dir, database, clock);
  }

  /** The time of a write or a sync. It never ends for a process that has died. */
  pass(clock: ProcessClock): Promise<void> {
    return new Promise((resolve) => void clock.after(this.#random.int(this.slowMs + 1), resolve));
  }

  /**
   * Ends the process or the machine, after its files have lost what was not synced. For each database a random number
   * of its first unfinished batches is kept.
   */
  async crash(): Promise<void> {
    for (const [current, database] of this.#databases) {
      const kept = this.#random.int(database.writing.length + 1);
      const changes = database.writing.slice(0, kept);
      database.writing = [];
      // The next start reads the files again, and finds what they have lost.
      if (database.from?.lost()) this.#databases.delete(current);
      else for (const batch of changes) await apply(database.store, batch);
    }
  }

  #storeFor(dir: string, database: Database, clock: ProcessClock): LevelStore {
    const { store } = database;
    let last = Promise.resolve();
    const write = async (changes: readonly Change[]): Promise<void> => {
      const { writing } = database;
      writing.push(changes);
      await last;
      await this.pass(clock);
      await apply(store, changes);
      writing.shift();
    };
    return changedStore(store, {
      dir,
      close: async () => undefined,
      copyTo: async (target) => {
        await copyRows(store, target, () => this.pass(clock));
        return true;
      },
      batch: () => {
        const changes: Change[] = [];
        return {
          put: (key, value) => changes.push((batch) => batch.put(key, value)),
          del: (key) => changes.push((batch) => batch.del(key)),
          write: ({ sync }) => {
            if (!sync) throw new Error("a write that is not synced is not simulated");
            last = write(changes);
            return last;
          },
        };
      },
    });
  }
}

/** @throws Error when there is no copy of a database in the folder, or only a part of one */
async function openCopy(dir: string): Promise<Database> {
  const copy = readCopy(dir);
  const store = await openMemoryStore();
  const batch = store.batch();
  for (const [key, value] of copy.rows) batch.put(key, value);
  await batch.write({ sync: true });
  return { store, from: copy.files, writing: [] };
}

async function apply(store: LevelStore, changes: readonly Change[]): Promise<void> {
  const batch = store.batch();
  for (const change of changes) change(batch);
  await batch.write({ sync: true });
}
