import type { LevelStore } from "../../src/backend/index.js";

/** Operations that a disk can refuse; the error message is LevelDB's. */
export type Refusal = "write" | "sync" | "full" | "read";

const messages: Record<Refusal, string> = {
  write: "IO error: 000003.log: Input/output error",
  sync: "IO error: 000003.log: fdatasync: Input/output error",
  full: "IO error: 000003.log: No space left on device",
  read: "Corruption: corrupted compressed block contents",
};

/** A disk that works until it is told to fail; then it refuses every write, or every read. */
export class FailingDisk {
  #refusal: Refusal | undefined;
  #writes = 0;

  /** Batches that were asked to be written, refused ones included. */
  get writes(): number {
    return this.#writes;
  }

  fail(refusal: Refusal): void {
    this.#refusal = refusal;
  }

  wrap(store: LevelStore): LevelStore {
    return {
      dir: store.dir,
      getSync: (key, snapshot) => {
        if (this.#refusal === "read") throw refused("read");
        return store.getSync(key, snapshot);
      },
      iterate: (low, high, snapshot) => {
        const iterator = store.iterate(low, high, snapshot);
        return {
          nextv: (count) => (this.#refusal === "read" ? Promise.reject(refused("read")) : iterator.nextv(count)),
          close: () => iterator.close(),
        };
      },
      snapshot: () => store.snapshot(),
      compact: () => store.compact(),
      fileBytes: () => store.fileBytes(),
      close: () => store.close(),
      batch: () => {
        const batch = store.batch();
        return {
          put: (key, value) => batch.put(key, value),
          del: (key) => batch.del(key),
          write: async (options) => {
            this.#writes++;
            if (this.#refusal !== undefined && this.#refusal !== "read") {
              // A sync that fails leaves behind what was written; nobody knows whether it lasts.
              if (this.#refusal === "sync") await batch.write(options);
              throw refused(this.#refusal);
            }
            await batch.write(options);
          },
        };
      },
    };
  }
}

function refused(refusal: Refusal): Error {
  return Object.assign(new Error(messages[refusal]), { code: "LEVEL_IO_ERROR" });
}
