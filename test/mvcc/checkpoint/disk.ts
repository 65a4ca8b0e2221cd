import {
  type Backend,
  type LevelBatch,
  type LevelStore,
  openLevelBackend,
  openMemoryStore,
  type SideFiles,
} from "../../../src/backend/index.js";
import { type Clock, silentLogger, systemClock } from "../../../src/base/index.js";
import { changedStore } from "../../../src/testing/changed-store.js";

interface File {
  bytes: Buffer;
  /** The contents that are there after a crash. */
  synced: Buffer;
}

export interface OpenOptions {
  /** Opens the database as a release does that has no checkpoints. */
  readonly releaseWithout?: boolean;
  readonly clock?: Clock;
}

type Change = (batch: LevelBatch) => void;

/** A database and the files beside it, in memory. It can be copied as a crash would leave it, at any moment. */
export class Disk {
  readonly #level: LevelStore;
  readonly files = new Map<string, File>();
  /** Called after each step that a crash may come before or after. */
  onStep: () => Promise<void> = async () => undefined;
  /** Lets writes to files beside the database fail. */
  filesFail = false;

  private constructor(level: LevelStore) {
    this.#level = level;
  }

  static async make(): Promise<Disk> {
    return new Disk(await openMemoryStore());
  }

  /**
   * The disk after a crash at this moment.
   *
   * @param torn half of what was not synced is there, too
   */
  async afterCrash(torn = false): Promise<Disk> {
    // Other writes may go on while this one is copied.
    const snapshot = this.#level.snapshot();
    const files = [...this.files].map(([name, { bytes, synced }]) => {
      const kept = torn ? bytes.subarray(0, (synced.length + bytes.length) >>> 1) : synced;
      return [name, { bytes: kept, synced: kept }] as const;
    });
    const copy = await Disk.make();
    const rows = this.#level.iterate(Buffer.of(0), Buffer.of(0xff), snapshot);
    const batch = copy.#level.batch();
    for (let found = await rows.nextv(1000); found.length > 0; found = await rows.nextv(1000)) {
      for (const [key, value] of found) batch.put(Buffer.from(key), Buffer.from(value));
    }
    await rows.close();
    await snapshot.close();
    await batch.write({ sync: true });
    for (const [name, file] of files) copy.files.set(name, file);
    return copy;
  }

  async open({ releaseWithout = false, clock = systemClock }: OpenOptions = {}): Promise<Backend> {
    const backend = await openLevelBackend({
      dir: "/nowhere",
      clock,
      logger: silentLogger,
      onFailure: (error) => {
        throw error;
      },
      openStore: async () => this.#store(),
      ...(!releaseWithout && { sideFiles: this.#sideFiles() }),
    });
    return releaseWithout ? withoutOwn(backend) : backend;
  }

  #store(): LevelStore {
    return changedStore(this.#level, {
      close: async () => undefined,
      batch: () => {
        const changes: Change[] = [];
        return {
          put: (key, value) => changes.push((batch) => batch.put(key, value)),
          del: (key) => changes.push((batch) => batch.del(key)),
          write: async ({ sync }) => {
            const batch = this.#level.batch();
            for (const change of changes) change(batch);
            await batch.write({ sync });
            await this.onStep();
          },
        };
      },
    });
  }

  #sideFiles(): SideFiles {
    const { files } = this;
    const step = (): Promise<void> => this.onStep();
    return {
      create: async (name) => {
        const file: File = { bytes: Buffer.alloc(0), synced: Buffer.alloc(0) };
        files.set(name, file);
        await step();
        const sync = async (): Promise<void> => {
          file.synced = file.bytes;
          await step();
        };
        return {
          write: async (bytes) => {
            if (this.filesFail) throw new Error("no space left on device");
            file.bytes = Buffer.concat([file.bytes, bytes]);
            await step();
          },
          sync,
          finish: sync,
          abandon: async () => undefined,
        };
      },
      open: async (name) => {
        const file = files.get(name);
        if (file === undefined) return undefined;
        return {
          bytes: file.bytes.length,
          read: async (target, position) => file.bytes.copy(target, 0, position),
          close: async () => undefined,
        };
      },
      share: () => Promise.reject(new Error("a database in memory is not copied")),
      names: async () => [...files.keys()],
      remove: async (name) => {
        files.delete(name);
        await step();
      },
    };
  }
}

/** The backend as a release knows it that does not know the bucket `own`, and leaves it alone. */
function withoutOwn(backend: Backend): Backend {
  const own: Record<string, unknown> = {
    get: (...args: Parameters<Backend["get"]>) => (args[0] === "own" ? undefined : backend.get(...args)),
    put: (...args: Parameters<Backend["put"]>) => (args[0] === "own" ? undefined : backend.put(...args)),
    delete: (...args: Parameters<Backend["delete"]>) => (args[0] === "own" ? undefined : backend.delete(...args)),
    batches: (...args: Parameters<Backend["batches"]>) => (args[0] === "own" ? none() : backend.batches(...args)),
  };
  return new Proxy(backend, {
    get(target, name) {
      const value: unknown = own[String(name)] ?? Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function* none(): AsyncGenerator<[]> {
  // There are no rows.
}
