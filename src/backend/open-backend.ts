import type { Backend } from "./backend.js";
import type { BackendOptions } from "./backend-options.js";
import { inUseKey } from "./batch-record.js";
import { readSizes } from "./bucket-sizes.js";
import { DirectorySize } from "./directory-size.js";
import { DiskError, damaged, openFailure } from "./disk-error.js";
import { LevelBackend } from "./level-backend.js";
import { type LevelStore, openLevelStore } from "./level-store.js";
import { checkLog } from "./log-check.js";
import { openMemoryStore } from "./memory-store.js";
import { openRecordedStore } from "./recorded-store.js";
import { tuningFor } from "./tuning.js";

/**
 * Opens the backend in the LevelDB directory `dir`.
 *
 * @throws DiskError when it is in use, damaged, of another format, or cannot be read or written
 */
export async function openLevelBackend(options: BackendOptions & { readonly dir: string }): Promise<Backend> {
  const { dir, logger, openStore = (path: string) => openTuned(path) } = options;
  const damage = await checkLog(dir);
  if (damage?.torn === false) {
    const error = damaged(`the database in ${dir} is damaged: ${damage.file} cannot be read at byte ${damage.offset}`);
    if (options.onDamage === undefined) throw error;
    options.onDamage(error);
  }
  const store = await openStore(dir);
  if (damage?.torn === true) {
    logger.warn("removed an incomplete write, never acknowledged, from the end of the database log", {
      file: damage.file,
      offset: damage.offset,
    });
  }
  return openBackend(store, (opened) => openRecordedStore(opened, { onDamage: options.onDamage }), options);
}

/** Opens a backend in memory, whose contents are gone when it is closed. */
export async function openMemoryBackend(options: BackendOptions): Promise<Backend> {
  return openBackend(await openMemoryStore(), async (store) => store, options);
}

async function openBackend(
  opened: LevelStore,
  openDatabase: (store: LevelStore) => Promise<LevelStore>,
  options: BackendOptions,
): Promise<Backend> {
  try {
    const store = await openDatabase(opened);
    return new LevelBackend(store, options, await readSizes(store, inUseKey), await store.fileBytes());
  } catch (error) {
    await opened.close();
    throw error instanceof DiskError ? error : openFailure(opened.dir, error);
  }
}

async function openTuned(dir: string): Promise<LevelStore> {
  const bytes = await new DirectorySize(dir).bytes().catch(() => 0); // There is no directory before the first start.
  return openLevelStore(dir, tuningFor(bytes));
}
