import type { Bucket } from "./buckets.js";

/** A key inside its bucket, and its value. Both may be views of a larger buffer; nobody may write to them. */
export type Row = readonly [key: Uint8Array, value: Uint8Array];

/**
 * What all stores of one member keep on disk: ten buckets of ordered bytes. Changes are held in memory first, where
 * every read sees them at once, and go to disk in batches, in order, each of them whole or not at all. A batch starts
 * every 100 ms, after 10,000 changes or 16 MiB, or when `commit` asks; never in the middle of running JavaScript, so
 * changes made without an `await` in between are never parted. Changes that take several turns of the event loop are
 * kept together by `hold` and `release`.
 */
export interface Backend extends Readable {
  /**
   * Takes a change; costs about a microsecond. The arrays belong to the backend from here on: they must not be
   * written to any more. An entry of the bucket `key` is put once and never overwritten (it is a revision).
   *
   * @throws DiskError when an earlier batch could not be written, or after `close`
   */
  put(bucket: Bucket, key: Uint8Array, value: Uint8Array): void;
  /**
   * Takes a removal; of a key that is not there, it is none.
   *
   * @param valueBytes length of the value that goes, when the caller knows it; it spares a read of some 10 us
   * @throws DiskError as `put`
   */
  delete(bucket: Bucket, key: Uint8Array, valueBytes?: number): void;
  /** A read-only state that later changes do not touch. Close it soon: while open, its data is kept on disk. */
  view(): BackendView;
  /** As `view`, but of what a batch would leave on disk if it were written now: what the hooks put is in it. */
  consistentView(): BackendView;
  /**
   * Keeps the changes that follow together: until `release`, no batch begins, and every view shows the state of this
   * moment, with what the hooks put. `get` sees all changes.
   */
  hold(): void;
  /** The changes since `hold` are complete. Batches that came due meanwhile begin. */
  release(): void;
  /** `hook` is called before each batch and may `put`: what it puts is in that batch (the consistent index). */
  onBeforeCommit(hook: () => void): void;
  /**
   * Resolves when every change made before the call is on disk, synced; not before `release`, when called after `hold`.
   *
   * @throws DiskError (a rejection) when it could not be written
   */
  commit(): Promise<void>;
  /** Changes that are not yet on disk, those of the batch being written included. */
  readonly pendingChanges: number;
  /** True while the disk does not keep up: callers should await `commit()` before they make more changes. */
  readonly full: boolean;
  /** Bytes of the files, as of at most a second ago; never less than `sizeInUse`. */
  size(): number;
  /** Bytes of the live entries, changes in memory included; falls as soon as something is deleted. */
  sizeInUse(): number;
  /** Rewrites the files without what was deleted or overwritten. Reads and writes go on meanwhile. */
  defragment(): Promise<void>;
  /** CRC-32C over all buckets as `etcdserverpb.Maintenance/Hash` computes it, of the state at the call. */
  hash(): Promise<number>;
  /** Takes no more changes, and lets go of the directory once whoever reads a view is done with it. */
  retire(): Promise<void>;
  /** Writes what is pending, but no changes since a `hold` that was not released; then lets go of the directory. */
  close(): Promise<void>;
}

/**
 * Reads of all buckets. Bounds are half open: `[low, high)`; no `high` means to the end of the bucket. A read that the
 * disk or a damaged file refuses throws a DiskError, and the member has to stop.
 */
export interface Readable {
  /** Synchronous: memory first, else 10 to 20 us for LevelDB's own lookup. */
  get(bucket: Bucket, key: Uint8Array): Uint8Array | undefined;
  /** The first `limit` (1 or more) entries of the range, in order, as they are at the call. */
  scan(bucket: Bucket, low: Uint8Array, high: Uint8Array | undefined, limit: number): Promise<Row[]>;
  /** All entries of the range, in order, as they are at the call, some thousands at a time. */
  batches(bucket: Bucket, low?: Uint8Array, high?: Uint8Array): AsyncIterable<Row[]>;
}

export interface BackendView extends Readable {
  close(): Promise<void>;
}
