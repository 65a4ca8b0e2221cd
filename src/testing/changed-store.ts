import type { LevelBatch, LevelStore } from "../backend/index.js";

/** A store that passes everything on to another one, except for the given operations. */
export function changedStore(store: LevelStore, changed: Partial<LevelStore>): LevelStore {
  return {
    dir: store.dir,
    copies: store.copies,
    getSync: (key, snapshot) => store.getSync(key, snapshot),
    warm: (keys) => store.warm(keys),
    iterate: (low, high, snapshot) => store.iterate(low, high, snapshot),
    last: (low, high) => store.last(low, high),
    snapshot: () => store.snapshot(),
    flush: () => store.flush(),
    compact: (low) => store.compact(low),
    fileBytes: () => store.fileBytes(),
    unmergedTables: () => store.unmergedTables(),
    copyTo: (target) => store.copyTo(target),
    close: () => store.close(),
    batch: () => store.batch(),
    ...changed,
  };
}

/** An empty batch of a store that is written by `write`, which gets a function for the real write. */
export function changedBatch(store: LevelStore, write: (real: () => Promise<void>) => Promise<void>): LevelBatch {
  const batch = store.batch();
  return {
    put: (key, value) => batch.put(key, value),
    del: (key) => batch.del(key),
    write: (options) => write(() => batch.write(options)),
  };
}
