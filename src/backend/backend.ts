import type { BucketSize } from "./bucket-sizes.js";
import type { Bucket } from "./buckets.js";
import type { NewRows } from "./new-rows.js";
import type { PackedRows } from "./packed-rows.js";
import type { SideFiles } from "./side-files.js";

/** A key inside its bucket, and its value. Both may be views of a larger buffer; callers must not write to them. */
export type Row = readonly [key: Uint8Array, value: Uint8Array];

/**
 * The database of one member: ten buckets of ordered bytes. Changes are held in memory first, where every read sees
 * them at once, and go to disk in batches, in order; each batch is written completely or not at all. A batch starts
 * every 100 ms, after 10,000 changes or 16 MiB, or when `commit` asks for one; it never starts in the middle of running
 * JavaScript, so changes made without an `await` between them are never split. `hold` and `release` keep changes
 * together that take several turns of the event loop.
 */
export interface Backend extends Readable {
  /**
   * Puts a value; costs about a microsecond. The arrays belong to the backend from now on, and the caller must not
   * write to them any more. An entry of the bucket `key` is a revision: it is put once and never overwritten.
   *
   * @throws DiskError when an earlier batch could not be written, or after `close`
   */
  put(bucket: Bucket, key: Uint8Array, value: Uint8Array): void;
  /**
   * Takes rows that are new to their bucket, at least one, and puts them at a fraction of the cost of `put`.
   *
   * @returns the rows as the backend keeps them
   * @throws DiskError as `put`
   */
  putRows(rows: NewRows): PackedRows;
  /**
   * Removes a key; does nothing when the key does not exist.
   *
   * @param valueBytes length of the removed value, if the caller knows it; this saves a read of about 10 us
   * @throws DiskError as `put`
   */
  delete(bucket: Bucket, key: Uint8Array, valueBytes?: number): void;
  /**
   * A read-only state that later changes do not touch. Close it soon: LevelDB keeps the data of an open view on disk.
   */
  view(): BackendView;
  /**
   * As `view`, but with the records that the hooks put: the state that a batch would leave on disk if it started now.
   */
  consistentView(): BackendView;
  /**
   * Keeps the following changes together: until `release`, no batch starts, and every view shows the state of this
   * moment, including the records that the hooks put. `get` sees all changes.
   */
  hold(): void;
  /** Whether changes are being kept together. */
  readonly holding: boolean;
  /** Ends a `hold`: its changes are complete. A batch that came due meanwhile starts now. */
  release(): void;
  /**
   * Calls `hook` before each batch. What the hook puts belongs to that batch; the consistent index is written this way.
   */
  onBeforeCommit(hook: () => void): void;
  /**
   * Resolves when every change made before the call is on disk, synced. Between `hold` and `release` it waits for
   * `release`.
   *
   * @throws DiskError (a rejection) when it could not be written
   */
  commit(): Promise<void>;
  /** Files beside the database; undefined for one that has no place for them. */
  readonly sideFiles: SideFiles | undefined;
  /** Bytes of all changes since the backend was opened, keys and values. */
  readonly changedBytes: number;
  /** Number of changes that are not on disk yet, including those of the batch being written. */
  readonly pendingChanges: number;
  /** True while the disk does not keep up: callers should await `commit()` before they make more changes. */
  readonly full: boolean;
  /**
   * How close LevelDB is to making a batch wait for its merges, as of the last batch: 0 while it keeps up, 1 when it
   * accepts no more.
   */
  readonly strain: number;
  /**
   * Copies the database into the directory `target`, which does not exist. The copy shares the tables with the
   * database, so that it costs milliseconds, and keeps them on the disk until it is removed.
   *
   * @param taken called at the moment whose state the copy has. It contains the records that the hooks put then.
   *   Returns the names of side files that belong to this state, which the copy shares as well, if they are there
   * @returns false when the database is in memory, or the file system has no hard links
   * @throws DiskError (a rejection) after `close`; another error when the disk refuses, which only this copy suffers
   *   from
   */
  copyTo(target: string, taken: () => readonly string[] | undefined): Promise<boolean>;
  /**
   * The name of a directory that does not exist, for `copyTo`. What a crash leaves there is removed at the next start.
   * Undefined when there is no place for copies.
   */
  readonly copyPlace: (() => string) | undefined;
  /** Brings entries into memory, on other threads, so that `get` finds them there. */
  warm(bucket: Bucket, keys: readonly Uint8Array[]): Promise<void>;
  /** Bytes of the database files, at most a second old; never less than `sizeInUse`. */
  size(): number;
  /** Bytes of the live entries, including changes still in memory; falls as soon as something is deleted. */
  sizeInUse(): number;
  /** Rewrites the files without deleted and overwritten entries. Reads and writes go on meanwhile. */
  defragment(): Promise<void>;
  /**
   * CRC-32C over all buckets at the moment of the call, as `etcdserverpb.Maintenance/Hash` computes it.
   *
   * @param client the client that the hash is for, as in `LoopTurn.defer`
   */
  hash(client?: object): Promise<number>;
  /** Refuses further changes, and closes the database once the last open view is closed. */
  retire(): Promise<void>;
  /** Writes the pending changes and closes the database. Changes since a `hold` without `release` are dropped. */
  close(): Promise<void>;
}

/**
 * Reads from all buckets. Bounds are half open: `[low, high)`; without `high` the range extends to the end of the
 * bucket. A read that fails because of the disk or a damaged file throws a DiskError, and the member has to stop.
 */
export interface Readable {
  /** Synchronous: looks in memory first; a lookup in LevelDB takes 10 to 20 us. */
  get(bucket: Bucket, key: Uint8Array): Uint8Array | undefined;
  /** The first `limit` (1 or more) entries of the range, in order, as of the call. */
  scan(bucket: Bucket, low: Uint8Array, high: Uint8Array | undefined, limit: number): Promise<Row[]>;
  /** All entries of the range, in order, as of the call, in batches of some thousands. */
  batches(bucket: Bucket, low?: Uint8Array, high?: Uint8Array): AsyncIterable<Row[]>;
}

export interface BackendView extends Readable {
  /** How much a bucket holds in this view; known without reading it. */
  sizeOf(bucket: Bucket): BucketSize;
  close(): Promise<void>;
}
