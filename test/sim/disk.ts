import { join } from "node:path";
import { type LevelBatch, type LevelStore, openMemoryStore } from "../../src/backend/index.js";
import type { Random } from "../../src/base/index.js";
import { changedStore } from "../../src/testing/changed-store.js";
import type { ProcessClock } from "../../src/testing/process-clock.js";
import { files, promises } from "./files.js";

type Change = (batch: LevelBatch) => void;

interface Database {
  readonly store: LevelStore;
  /** The batches that are not on disk yet, in order. The first one is being written. */
  writing: (readonly Change[])[];
}

/** The disk of one machine. Writes take time, and after a crash an unfinished write may be there or not. */
export class SimDisk {
  /** The maximum time of a write, in ms. */
  slowMs = 3;
  readonly #random: Random;
  readonly #databases = new Map<string, Database>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Opens a database for a process. After the death of the process its writes have no effect. */
  async open(dir: string, clock: ProcessClock): Promise<LevelStore> {
    const current = join(dir, "CURRENT");
    if (!files.exists(current)) {
      this.#databases.set(dir, { store: await openMemoryStore(), writing: [] });
      await promises.mkdir(dir);
      // The start looks for this file to decide whether there is a database.
      files.open(current, "w");
    }
    const database = this.#databases.get(dir);
    if (database === undefined) throw new Error(`no database in ${dir}`);
    return this.#storeFor(dir, database, clock);
  }

  /** Ends the process or the machine. For each database a random number of its first unfinished batches is kept. */
  async crash(): Promise<void> {
    for (const database of this.#databases.values()) {
      const kept = this.#random.int(database.writing.length + 1);
      for (const changes of database.writing.slice(0, kept)) await apply(database.store, changes);
      database.writing = [];
    }
  }

  #storeFor(dir: string, database: Database, clock: ProcessClock): LevelStore {
    const { store } = database;
    let last = Promise.resolve();
    const write = async (changes: readonly Change[]): Promise<void> => {
      const { writing } = database;
      writing.push(changes);
      await last;
      await new Promise<void>((resolve) => clock.after(this.#random.int(this.slowMs + 1), resolve));
      await apply(store, changes);
      writing.shift();
    };
    return changedStore(store, {
      dir,
      close: async () => undefined,
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

async function apply(store: LevelStore, changes: readonly Change[]): Promise<void> {
  const batch = store.batch();
  for (const change of changes) change(batch);
  await batch.write({ sync: true });
}
