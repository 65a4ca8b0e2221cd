import type { LevelStore } from "../../../src/backend/index.js";
import type { Clock } from "../../../src/base/index.js";

/**
 * A database whose writes take virtual time. If the process is killed during a write, nothing of the write is stored.
 *
 * @param held writes begin after this promise is resolved
 */
export function slowStore(store: LevelStore, clock: Clock, writeMs: () => number, held?: Promise<void>): LevelStore {
  return {
    dir: store.dir,
    getSync: (key, snapshot) => store.getSync(key, snapshot),
    iterate: (low, high, snapshot) => store.iterate(low, high, snapshot),
    snapshot: () => store.snapshot(),
    compact: () => store.compact(),
    fileBytes: () => store.fileBytes(),
    close: () => store.close(),
    batch() {
      const batch = store.batch();
      return {
        put: (key, value) => batch.put(key, value),
        del: (key) => batch.del(key),
        async write(options) {
          await held;
          const ms = writeMs();
          if (ms > 0) await new Promise<void>((resolve) => clock.after(ms, resolve));
          await batch.write(options);
        },
      };
    },
  };
}
