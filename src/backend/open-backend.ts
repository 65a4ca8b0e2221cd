import type { Backend } from "./backend.js";
import { readSizes } from "./bucket-sizes.js";
import { ownKey } from "./buckets.js";
import { DirectorySize } from "./directory-size.js";
import { DiskError, damaged, openFailure } from "./disk-error.js";
import { type BackendOptions, inUseKey, LevelBackend } from "./level-backend.js";
import { type LevelStore, openLevelStore } from "./level-store.js";
import { checkLog } from "./log-check.js";
import { openMemoryStore } from "./memory-store.js";
import { tuningFor } from "./tuning.js";

const formatKey = ownKey("format");
const format = Buffer.of(1);

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
  return openBackend(store, options);
}

/** Opens a backend in memory, whose contents are gone when it is closed. */
export async function openMemoryBackend(options: BackendOptions): Promise<Backend> {
  return openBackend(await openMemoryStore(), options);
}

async function openBackend(store: LevelStore, options: BackendOptions): Promise<Backend> {
  try {
    const found = store.getSync(formatKey);
    if (found === undefined) {
      const batch = store.batch();
      batch.put(formatKey, format);
      await batch.write({ sync: true });
    } else if (Buffer.compare(found, format) !== 0) {
      throw new DiskError(
        `the database in ${store.dir} was written by another version: its format is ${found[0]}, not 1`,
      );
    }
    return new LevelBackend(store, options, await readSizes(store, inUseKey), await store.fileBytes());
  } catch (error) {
    await store.close();
    throw error instanceof DiskError ? error : openFailure(store.dir, error);
  }
}

async function openTuned(dir: string): Promise<LevelStore> {
  const bytes = await new DirectorySize(dir).bytes().catch(() => 0); // There is no directory before the first start.
  return openLevelStore(dir, tuningFor(bytes));
}
