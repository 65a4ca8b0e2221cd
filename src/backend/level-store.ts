import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { assert } from "../base/index.js";
import { openFailure } from "./disk-error.js";

/** One stored pair; its key includes the bucket's prefix. */
export type StoredRow = [key: Uint8Array, value: Uint8Array];

/** The few operations that we use of an ordered key-value database, whose files lie in `dir`. */
export interface LevelStore {
  readonly dir: string;
  /** `put` of a batch copies the bytes at once, so that the caller may use its buffer again. */
  readonly copies: boolean;
  getSync(key: Uint8Array, snapshot?: LevelSnapshot): Uint8Array | undefined;
  batch(): LevelBatch;
  /** Entries in `[low, high)`, in order, as of the snapshot, or as of now without one. */
  iterate(low: Uint8Array, high: Uint8Array, snapshot?: LevelSnapshot): LevelIterator;
  snapshot(): LevelSnapshot;
  /** Rewrites all files. Reads and writes go on meanwhile. */
  compact(): Promise<void>;
  /** Size of all files in bytes. */
  fileBytes(): Promise<number>;
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

  constructor(dir: string, level: Level<Uint8Array, Uint8Array>) {
    this.dir = dir;
    this.#level = level;
  }

  getSync(key: Uint8Array, snapshot?: LevelSnapshot): Uint8Array | undefined {
    if (snapshot === undefined) return this.#level.getSync(key);
    return this.#level.getSync(key, { ...encodings, snapshot: heldBy(snapshot) });
  }

  batch(): LevelBatch {
    return this.#level.batch();
  }

  iterate(low: Uint8Array, high: Uint8Array, snapshot?: LevelSnapshot): LevelIterator {
    const range = { gte: low, lt: high, highWaterMarkBytes: iteratorBytes };
    return this.#level.iterator(snapshot === undefined ? range : { ...range, snapshot: heldBy(snapshot) });
  }

  snapshot(): LevelSnapshot {
    return new LevelDbSnapshot(this.#level.snapshot());
  }

  async compact(): Promise<void> {
    if (canCompact(this.#level)) await this.#level.compactRange(Buffer.of(0), Buffer.of(0xff));
  }

  fileBytes(): Promise<number> {
    return directoryBytes(this.dir);
  }

  close(): Promise<void> {
    return this.#level.close();
  }
}

/** The method is LevelDB's, and not of all stores of the package `level`. */
interface Compactable {
  compactRange(start: Uint8Array, end: Uint8Array): Promise<void>;
}

function canCompact(level: object): level is Compactable {
  return "compactRange" in level;
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

/** LevelDB creates and removes files while it works, so a file that disappears meanwhile counts as empty. */
async function directoryBytes(dir: string): Promise<number> {
  const names = await readdir(dir);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(dir, name)).then(
        (file) => file.size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
