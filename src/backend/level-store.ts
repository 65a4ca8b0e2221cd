import { mkdir } from "node:fs/promises";
import { Level } from "level";
import { assert } from "../base/index.js";
import { DirectorySize } from "./directory-size.js";
import { openFailure } from "./disk-error.js";
import { copyOpenLevel } from "./live-copy.js";

/** One stored pair; its key includes the bucket's prefix. */
export type StoredRow = [key: Uint8Array, value: Uint8Array];

/** The few operations that we use of an ordered key-value database, whose files lie in `dir`. */
export interface LevelStore {
  readonly dir: string;
  /** `put` of a batch copies the bytes at once, so that the caller may use its buffer again. */
  readonly copies: boolean;
  getSync(key: Uint8Array, snapshot?: LevelSnapshot): Uint8Array | undefined;
  /** Reads entries on other threads and forgets them, so that `getSync` finds them in memory. */
  warm(keys: Uint8Array[]): Promise<void>;
  batch(): LevelBatch;
  /** Entries in `[low, high)`, in order, as of the snapshot, or as of now without one. */
  iterate(low: Uint8Array, high: Uint8Array, snapshot?: LevelSnapshot): LevelIterator;
  /** The last entry in `[low, high)`; undefined when there is none. */
  last(low: Uint8Array, high: Uint8Array): Promise<StoredRow | undefined>;
  snapshot(): LevelSnapshot;
  /** Makes a table of the changes that are in memory only. Reads and writes go on meanwhile. */
  flush(): Promise<void>;
  /** Rewrites all files, or those that may hold keys from `low` on. Reads and writes go on meanwhile. */
  compact(low?: Uint8Array): Promise<void>;
  /** Size of all files in bytes. */
  fileBytes(): Promise<number>;
  /**
   * The number of tables that are not merged yet, whose key ranges overlap. LevelDB merges them from 4 on, delays each
   * write by a millisecond from 8 on, and lets no write begin from 12 on.
   */
  unmergedTables(): number;
  /**
   * Copies the database into the directory `target`, which does not exist, in a few milliseconds. No batch may be
   * written meanwhile.
   *
   * @returns false when this store cannot be copied
   */
  copyTo(target: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Changes that become visible and durable together. */
export interface LevelBatch {
  put(key: Uint8Array, value: Uint8Array): unknown;
  del(key: Uint8Array): unknown;
  /** With `sync`, resolves when the batch is on disk. */
  write(options: { readonly sync: boolean }): Promise<void>;
}

export interface LevelIterator {
  /** The next entries: at most `count`, fewer when they are large, none at the end. */
  nextv(count: number): Promise<StoredRow[]>;
  close(): Promise<void>;
}

/** The contents of a store at one time. Only the store that made it can read it. */
export interface LevelSnapshot {
  close(): Promise<void>;
}

/** LevelDB's options that trade memory for speed; sizes in bytes. */
export interface LevelTuning {
  readonly cacheSize: number;
  readonly writeBufferSize: number;
  readonly blockSize: number;
  readonly maxFileSize: number;
  readonly compression: boolean;
}

/** Bytes that an iterator reads ahead. All of them arrive in one turn and must not hold the event loop for long. */
const iteratorBytes = 64 * 1024;

/** All rows lie between these keys, and none has one of them. */
const [lowestKey, highestKey] = [Buffer.of(0), Buffer.of(0xff)];

const encodings = { keyEncoding: "view", valueEncoding: "view" } as const;

/**
 * Opens the LevelDB directory `dir`, and creates it when it does not exist.
 *
 * @throws DiskError when another process uses it, when it is damaged, or cannot be read or written
 */
export async function openLevelStore(dir: string, tuning: LevelTuning): Promise<LevelStore> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const level = new Level<Uint8Array, Uint8Array>(dir, { ...encodings, ...tuning });
    await level.open();
    return new LevelDbStore(dir, level);
  } catch (error) {
    throw openFailure(dir, error);
  }
}

class LevelDbStore implements LevelStore {
  readonly dir: string;
  readonly copies = true;
  readonly #level: Level<Uint8Array, Uint8Array>;
  readonly #size: DirectorySize;

  constructor(dir: string, level: Level<Uint8Array, Uint8Array>) {
    this.dir = dir;
    this.#level = level;
    this.#size = new DirectorySize(dir);
  }

  getSync(key: Uint8Array, snapshot?: LevelSnapshot): Uint8Array | undefined {
    if (snapshot === undefined) return this.#level.getSync(key);
    return this.#level.getSync(key, { ...encodings, snapshot: heldBy(snapshot) });
  }

  async warm(keys: Uint8Array[]): Promise<void> {
    await this.#level.hasMany(keys);
  }

  batch(): LevelBatch {
    return this.#level.batch();
  }

  iterate(low: Uint8Array, high: Uint8Array, snapshot?: LevelSnapshot): LevelIterator {
    const range = { gte: low, lt: high, highWaterMarkBytes: iteratorBytes };
    return this.#level.iterator(snapshot === undefined ? range : { ...range, snapshot: heldBy(snapshot) });
  }

  async last(low: Uint8Array, high: Uint8Array): Promise<StoredRow | undefined> {
    const [row] = await this.#level.iterator({ gte: low, lt: high, reverse: true, limit: 1 }).all();
    return row;
  }

  snapshot(): LevelSnapshot {
    return new LevelDbSnapshot(this.#level.snapshot());
  }

  async flush(): Promise<void> {
    // Nothing lies in this range, so no older table is touched.
    if (isLevelDb(this.#level)) await this.#level.compactRange(highestKey, highestKey);
  }

  async compact(low: Uint8Array = lowestKey): Promise<void> {
    if (!isLevelDb(this.#level)) return;
    // LevelDB rewrites no table that it does not merge with a newer one, and would keep what is removed by another row
    // of the same table. A newer table with removals at both ends overlaps with all. No rows have these two keys.
    await this.flush();
    await this.#level.batch([low, highestKey].map((key) => ({ type: "del", key })));
    await this.#level.compactRange(low, highestKey);
  }

  fileBytes(): Promise<number> {
    return this.#size.bytes();
  }

  unmergedTables(): number {
    return isLevelDb(this.#level) ? Number(this.#level.getProperty("leveldb.num-files-at-level0")) : 0;
  }

  copyTo(target: string): Promise<boolean> {
    return copyOpenLevel(this.dir, target);
  }

  close(): Promise<void> {
    return this.#level.close();
  }
}

/** The methods are LevelDB's, and not of all stores of the package `level`. */
interface LevelDb {
  compactRange(start: Uint8Array, end: Uint8Array): Promise<void>;
  getProperty(name: string): string;
}

function isLevelDb(level: object): level is LevelDb {
  return "compactRange" in level && "getProperty" in level;
}

type Held = ReturnType<Level["snapshot"]>;

class LevelDbSnapshot implements LevelSnapshot {
  readonly held: Held;

  constructor(held: Held) {
    this.held = held;
  }

  close(): Promise<void> {
    return this.held.close();
  }
}

function heldBy(snapshot: LevelSnapshot): Held {
  assert(snapshot instanceof LevelDbSnapshot, "a snapshot is read in the store that made it");
  return snapshot.held;
}
