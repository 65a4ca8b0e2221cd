import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  allBuckets,
  type Backend,
  type Bucket,
  DiskError,
  freezeLevel,
  openLevelBackend,
  type Row,
} from "../../backend/index.js";
import { compareBytes, silentLogger, systemClock } from "../../base/index.js";
import { type BoltBucket, type BoltError, boltBytes, openBolt } from "../../bolt/index.js";
import { databaseDirs } from "../disk/database-folder.js";

/** The database of a member that does not run, or a snapshot of one. Reading it changes nothing on disk. */
export interface StoredDatabase {
  /** The names of its buckets, in their order in the file. */
  readonly buckets: readonly string[];
  /** The bytes of a file's pages; for a data directory the bytes of all keys and values. */
  readonly bytes: number;
  /** All rows of a bucket in `[low, high)`, in their order; none when there is no such bucket. */
  batches(bucket: string, low?: Uint8Array, high?: Uint8Array): AsyncIterable<Row[]>;
  close(): Promise<void>;
}

/** Called for each damaged place of a database. The reader leaves out what it cannot read there, and goes on. */
export type OnDatabaseDamage = (damage: DiskError | BoltError) => void;

/**
 * Opens a file in etcd's format, or the database of a data directory of ours.
 *
 * @throws DiskError or BoltError when it is damaged, unless `onDamage` is given and something of it can be read; the
 *   system's error when there is none at `path`
 */
export async function openStoredDatabase(path: string, onDamage?: OnDatabaseDamage): Promise<StoredDatabase> {
  if ((await stat(path)).isFile()) return openFile(path, onDamage);
  const dirs = await databaseDirs(join(path, "member", "db"));
  const [newest] = dirs;
  if (newest === undefined) throw new DiskError(`${path} is neither a snapshot nor a data directory of this package`);
  const frozen = await mkdtemp(join(tmpdir(), "etcdutl-"));
  try {
    const dir = join(frozen, "db");
    await freezeLevel(newest, dir);
    const onFailure = (): void => undefined; // A read that fails rejects.
    const damaged = onDamage && ((error: DiskError) => onDamage(of(newest, dir, error)));
    const backend = await openLevelBackend({
      ...{ dir, clock: systemClock, logger: silentLogger, onFailure },
      ...(damaged && { onDamage: damaged }),
    });
    return fromBackend(backend, () => rm(frozen, { recursive: true, force: true }), damaged);
  } catch (error) {
    await rm(frozen, { recursive: true, force: true });
    throw error;
  }
}

/** An error that names the original instead of its copy. */
function of(original: string, copy: string, { message }: DiskError): DiskError {
  return new DiskError(message.replaceAll(copy, original));
}

function fromBackend(
  backend: Backend,
  removed: () => Promise<void>,
  onDamage: ((damage: DiskError) => void) | undefined,
): StoredDatabase {
  return {
    buckets: allBuckets,
    bytes: backend.sizeInUse(),
    batches: (bucket, low, high) =>
      isBucket(bucket) ? upToDamage(backend.batches(bucket, low, high), bucket, onDamage) : none(),
    close: async () => {
      await backend.close();
      await removed();
    },
  };
}

/** LevelDB cannot go on behind a damaged table, so the rest of the bucket is left out. */
async function* upToDamage(
  batches: AsyncIterable<Row[]>,
  bucket: Bucket,
  onDamage: ((damage: DiskError) => void) | undefined,
): AsyncGenerator<Row[], void, undefined> {
  try {
    yield* batches;
  } catch (error) {
    if (onDamage === undefined || !(error instanceof DiskError)) throw error;
    onDamage(new DiskError(`bucket ${bucket}: ${error.message}; its further rows are left out`));
  }
}

async function* none(): AsyncGenerator<Row[], void, undefined> {
  // There is no such bucket.
}

async function openFile(path: string, onDamage: OnDatabaseDamage | undefined): Promise<StoredDatabase> {
  const file = await open(path, "r");
  try {
    const root = await openBolt(file, onDamage);
    const buckets = new Map<string, BoltBucket>();
    for await (const [name, bucket] of root.buckets()) buckets.set(Buffer.from(name).toString("latin1"), bucket);
    return {
      buckets: [...buckets.keys()],
      bytes: await boltBytes(file),
      batches: (name, low, high) => rowsOf(buckets.get(name), low, high),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* rowsOf(
  bucket: BoltBucket | undefined,
  low: Uint8Array | undefined,
  high: Uint8Array | undefined,
): AsyncGenerator<Row[], void, undefined> {
  if (bucket === undefined) return;
  for await (const pairs of bucket.pairs()) {
    const inRange = pairs.filter(
      ([key]) =>
        (low === undefined || compareBytes(key, low) >= 0) && (high === undefined || compareBytes(key, high) < 0),
    );
    if (inRange.length > 0) yield inRange;
    const last = pairs.at(-1)?.[0];
    if (high !== undefined && last !== undefined && compareBytes(last, high) >= 0) return;
  }
}

function isBucket(name: string): name is Bucket {
  return allBuckets.some((bucket) => bucket === name);
}
