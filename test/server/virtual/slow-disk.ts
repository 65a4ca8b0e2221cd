import type { LevelStore } from "../../../src/backend/index.js";
import type { Clock } from "../../../src/base/index.js";
import { changedBatch, changedStore } from "../../../src/testing/changed-store.js";

/**
 * A database whose writes take virtual time. If the process is killed during a write, nothing of the write is stored.
 *
 * @param held writes begin after this promise is resolved
 */
export function slowStore(store: LevelStore, clock: Clock, writeMs: () => number, held?: Promise<void>): LevelStore {
  return changedStore(store, {
    batch: () =>
      changedBatch(store, async (write) => {
        await held;
        const ms = writeMs();
        if (ms > 0) await new Promise<void>((resolve) => clock.after(ms, resolve));
        await write();
      }),
  });
}
