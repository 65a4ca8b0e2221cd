import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, errorCode } from "../../base/index.js";
import { type BoltFile, openBolt } from "../../bolt/index.js";
import type { LogCounters } from "../consensus/log-counters.js";

/** A received database in etcd's format. */
export interface ReceivedFile extends BoltFile {
  close(): Promise<void>;
}

/** The databases received from peers. Each is kept until it has replaced this member's own. */
export interface ReceivedSnapshots {
  /**
   * Stores a database. Resolves with its size when it is on disk.
   *
   * @throws the error of the body or of the disk; BoltError when it is no complete database. Nothing is kept then
   */
  store(index: number, body: AsyncIterable<Uint8Array>): Promise<number>;
  /** Opens the database of this index, which the caller must close; undefined when there is none. */
  open(index: number): Promise<ReceivedFile | undefined>;
  /** Removes the complete databases up to this index, which raft no longer needs. One that is arriving stays. */
  removeThrough(index: number): Promise<void>;
  /** Removes all databases, and the remains that a crash has left. For the start, when none can be arriving. */
  clear(): Promise<void>;
}

const suffix = ".snap.db";
const arrivingPrefix = "arriving-";

/** Keeps the databases as files in a folder, named as in etcd: the index in sixteen hexadecimal digits. */
export class SnapshotFolder implements ReceivedSnapshots {
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #counters: LogCounters;
  #arrivals = 0;

  constructor(dir: string, clock: Clock, counters: LogCounters) {
    this.#dir = dir;
    this.#clock = clock;
    this.#counters = counters;
  }

  async store(index: number, body: AsyncIterable<Uint8Array>): Promise<number> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    const startedAt = this.#clock.now();
    const arriving = join(this.#dir, `${arrivingPrefix}${this.#arrivals++}`);
    const file = await open(arriving, "w+", 0o600);
    let bytes = 0;
    try {
      for await (const chunk of body) {
        await file.writeFile(chunk);
        bytes += chunk.length;
      }
      await readThrough(file);
      const writtenAt = this.#clock.now();
      await file.sync();
      this.#counters.receivedSyncSeconds.observe((this.#clock.now() - writtenAt) / 1000);
      await file.close();
      await rename(arriving, this.#path(index));
      await syncDirectory(this.#dir);
      this.#counters.receivedSeconds.observe((this.#clock.now() - startedAt) / 1000);
    } catch (error) {
      await file.close().catch(() => undefined); // The first error is the one to report.
      await rm(arriving, { force: true });
      throw error;
    }
    return bytes;
  }

  async open(index: number): Promise<FileHandle | undefined> {
    try {
      return await open(this.#path(index), "r");
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  removeThrough(index: number): Promise<void> {
    return this.#remove((name) => name.endsWith(suffix) && indexOf(name) <= index);
  }

  clear(): Promise<void> {
    return this.#remove((name) => name.endsWith(suffix) || name.startsWith(arrivingPrefix));
  }

  async #remove(retired: (name: string) => boolean): Promise<void> {
    const names = await readdir(this.#dir).catch(() => []);
    for (const name of names) if (retired(name)) await rm(join(this.#dir, name), { force: true });
  }

  #path(index: number): string {
    return join(this.#dir, `${index.toString(16).padStart(16, "0")}${suffix}`);
  }
}

/**
 * Checks a received database while its sender can still send it again. Once raft has been told of a snapshot, the
 * member cannot go on without its database.
 */
async function readThrough(file: FileHandle): Promise<void> {
  const root = await openBolt(file);
  for await (const [, bucket] of root.buckets()) {
    const pairs = bucket.pairs()[Symbol.asyncIterator]();
    while (!(await pairs.next()).done);
  }
}

function indexOf(name: string): number {
  return Number.parseInt(name.slice(0, -suffix.length), 16);
}

/** Syncs a directory, since a new file name is on disk only after that. */
async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
