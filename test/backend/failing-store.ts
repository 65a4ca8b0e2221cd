import type { LevelStore } from "../../src/backend/index.js";
import { changedBatch, changedStore } from "../../src/testing/changed-store.js";

/** The operations that fail. The error messages are those of LevelDB. */
export type Refusal = "write" | "sync" | "full" | "read";

const messages: Record<Refusal, string> = {
  write: "IO error: 000003.log: Input/output error",
  sync: "IO error: 000003.log: fdatasync: Input/output error",
  full: "IO error: 000003.log: No space left on device",
  read: "Corruption: corrupted compressed block contents",
};

/** A disk that works until it is told to fail. From then on all writes or all reads fail. */
export class FailingDisk {
  #refusal: Refusal | undefined;
  #writes = 0;

  /** The number of requested writes of batches, with failed ones. */
  get writes(): number {
    return this.#writes;
  }

  fail(refusal: Refusal): void {
    this.#refusal = refusal;
  }

  wrap(store: LevelStore): LevelStore {
    return changedStore(store, {
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
      batch: () =>
        changedBatch(store, async (write) => {
          this.#writes++;
          if (this.#refusal !== undefined && this.#refusal !== "read") {
            // A failed sync leaves the written data, which may or may not be durable.
            if (this.#refusal === "sync") await write();
            throw refused(this.#refusal);
          }
          await write();
        }),
    });
  }
}

function refused(refusal: Refusal): Error {
  return Object.assign(new Error(messages[refusal]), { code: "LEVEL_IO_ERROR" });
}
