import { saveConsistentIndex, storedIndex } from "../../apply/index.js";
import {
  allBuckets,
  type Backend,
  type BackendCounters,
  type Bucket,
  DiskError,
  MemberBackend,
} from "../../backend/index.js";
import { type ApiLevel, assert, type Clock, type Logger, silentLogger } from "../../base/index.js";
import { type BoltFile, openBolt } from "../../bolt/index.js";
import { Cluster, saveConfState } from "../../cluster/index.js";
import type { Snapshot } from "../../raft/index.js";
import type { WalMetadata } from "../../wal/index.js";
import type { DatabasePlaces } from "../disk/member-disk.js";
import type { ReceivedSnapshots } from "./received-snapshots.js";

export interface DatabasesConfig {
  readonly level: ApiLevel;
  readonly places: DatabasePlaces;
  readonly ids: WalMetadata;
  readonly received: ReceivedSnapshots;
  readonly counters: BackendCounters;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onFailure: (error: Error) => void;
  readonly batchIntervalMs: number;
  readonly batchLimit: number;
  /** Disables fsync. */
  readonly unsafeNoSync?: boolean;
  /** Called with the number of bytes loaded. */
  readonly onLoaded?: (bytes: number) => void;
}

/** The bytes of a batch. Loading 1 GiB in such batches is twice as fast as in 64 MiB, and takes half the memory. */
const loadBytesMax = 4 * 1024 * 1024;

/** Rows of the bucket `meta` that are taken from the raft snapshot instead of from its database. */
const ownRows = new Set(["consistent_index", "term", "confState"]);

/**
 * The databases of a member. There is one, except while a received snapshot replaces it. The snapshot is loaded into a
 * directory of its own, which is valid once its consistent index is written, the last of all rows.
 *
 * The raft log records the snapshot before anything else is done with it. When a start finds the log ahead of the
 * database, the member has crashed on the way, and loads the snapshot again from the received file.
 */
export class Databases {
  readonly #config: DatabasesConfig;
  /** The index of the current database: that of its snapshot, or 0 for the first database. */
  #live = 0;

  constructor(config: DatabasesConfig) {
    this.#config = config;
  }

  /**
   * Opens the database, and removes the remains of others that a crash has left.
   *
   * @param snapshot the newest snapshot in the raft log
   * @throws DiskError when a database cannot be opened
   */
  async open(snapshot: Snapshot | undefined): Promise<MemberBackend> {
    const { received, places } = this.#config;
    await places.removeCopies?.();
    const indexes = await places.indexes();
    let current: Backend | undefined;
    for (const index of indexes) {
      if (current !== undefined) {
        await this.#remove(index);
        continue;
      }
      current = await this.#openIfWhole(index);
      this.#live = index;
    }
    if (current === undefined) {
      current = await this.#open(0);
      this.#live = 0;
    }
    const covered = snapshot?.metadata.index ?? 0;
    const applied = storedIndex(current);
    if (snapshot === undefined || applied >= covered) {
      await received.clear();
      return new MemberBackend(current);
    }
    const loaded = await this.#loadIfReceived(snapshot);
    if (loaded === undefined) return new MemberBackend(current);
    await current.close();
    await this.#remove(this.#live);
    this.#live = covered;
    await received.clear();
    return new MemberBackend(loaded);
  }

  /**
   * Loads the database of a snapshot.
   *
   * @param signal ends it at its next step
   * @throws Error when its file is missing or damaged; the signal's reason
   */
  async load(snapshot: Snapshot, signal: AbortSignal): Promise<Backend> {
    const loaded = await this.#loadIfReceived(snapshot, signal);
    if (loaded === undefined) {
      throw new DiskError(`the database of the snapshot at index ${snapshot.metadata.index} is not there`);
    }
    return loaded;
  }

  /**
   * Makes the database of the snapshot at `index` the current one. The database to retire is decided now, because yet
   * another one may have become current by the time the retired one is no longer read.
   *
   * @returns a function that removes the retired database from the disk; to be called when that is closed
   */
  switchTo(index: number): () => Promise<void> {
    const retired = this.#live;
    assert(index > retired, "a snapshot that takes the place of a database is newer");
    this.#live = index;
    return () => this.#remove(retired);
  }

  /**
   * A copy of this member's database, which its caller removes; undefined where databases are not copied.
   *
   * @param taken called at the moment whose state the copy has; returns the side files that it shares
   * @throws Error when the disk refuses
   */
  async copy(backend: Backend, taken: () => readonly string[] | undefined): Promise<string | undefined> {
    const dir = this.#config.places.copyPlace?.();
    return dir !== undefined && (await backend.copyTo(dir, taken)) ? dir : undefined;
  }

  async #loadIfReceived(snapshot: Snapshot, signal?: AbortSignal): Promise<Backend | undefined> {
    const { received, logger } = this.#config;
    const { index } = snapshot.metadata;
    const tables = await received.tables?.(index);
    if (tables !== undefined) return this.#adopt(tables, snapshot);
    const file = await received.open(index);
    if (file === undefined) return undefined;
    try {
      logger.info("loading the database of a snapshot", { "snapshot-index": index });
      assert(index > this.#live, "a database is loaded beside the one that the member works on");
      await this.#remove(index);
      const backend = await this.#open(index);
      try {
        await this.#fill(backend, file, snapshot, signal);
      } catch (error) {
        await backend.close();
        throw error;
      }
      return backend;
    } finally {
      await file.close();
    }
  }

  /**
   * Makes received tables the database of a snapshot. They have its consistent index already, so that a crash in
   * between leaves a database that counts; what raft's snapshot says of the members is the same in them.
   */
  async #adopt(tables: string, snapshot: Snapshot): Promise<Backend> {
    const { places, logger } = this.#config;
    const { index } = snapshot.metadata;
    assert(places.adopt !== undefined, "tables are received where databases are directories");
    assert(index > this.#live, "a database is put beside the one that the member works on");
    logger.info("using the tables of a snapshot as database", { "snapshot-index": index });
    await this.#remove(index);
    await places.adopt(index, tables);
    const backend = await this.#open(index);
    try {
      await this.#complete(backend, snapshot);
    } catch (error) {
      await backend.close();
      throw error;
    }
    return backend;
  }

  async #fill(backend: Backend, file: BoltFile, snapshot: Snapshot, signal?: AbortSignal): Promise<void> {
    const { logger, onLoaded } = this.#config;
    const root = await openBolt(file);
    let bytes = 0;
    for await (const [nameBytes, bucket] of root.buckets()) {
      const name = Buffer.from(nameBytes).toString("latin1");
      if (!isBucket(name)) {
        logger.warn("skipped an unknown bucket of a snapshot", { bucket: name });
        continue;
      }
      for await (const pairs of bucket.pairs()) {
        const before = bytes;
        for (const [key, value] of pairs) {
          if (name === "meta" && ownRows.has(text(key))) continue;
          backend.put(name, key, value);
          bytes += key.length + value.length;
        }
        onLoaded?.(bytes - before);
        signal?.throwIfAborted();
        if (bytes < loadBytesMax) continue;
        bytes = 0;
        await backend.commit();
      }
    }
    await this.#complete(backend, snapshot);
  }

  /** Writes what comes from raft's snapshot. The consistent index is written last. */
  async #complete(backend: Backend, snapshot: Snapshot): Promise<void> {
    const { level, ids } = this.#config;
    const { index, term, confState } = snapshot.metadata;
    saveConfState(backend, confState);
    const { clusterId, memberId: localId } = ids;
    await new Cluster({ level, backend, logger: silentLogger, clusterId, localId }).restoreSnapshot(snapshot.data);
    await backend.commit();
    saveConsistentIndex(backend, index, term);
    await backend.commit();
  }

  /** Opens a database. If a crash interrupted its loading, removes it and returns undefined. */
  async #openIfWhole(index: number): Promise<Backend | undefined> {
    const backend = await this.#open(index);
    if (storedIndex(backend) >= index) return backend;
    await backend.close();
    await this.#remove(index);
    return undefined;
  }

  #open(index: number): Promise<Backend> {
    const { places, clock, counters, logger, onFailure, batchIntervalMs, batchLimit, unsafeNoSync } = this.#config;
    return places.open(index, {
      ...{ clock, counters, logger, onFailure, batchIntervalMs, batchLimit },
      ...(unsafeNoSync && { unsafeNoSync }),
    });
  }

  #remove(index: number): Promise<void> {
    return this.#config.places.remove(index);
  }
}

function isBucket(name: string): name is Bucket {
  return allBuckets.some((bucket) => bucket === name);
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
