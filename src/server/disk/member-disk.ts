import type { Backend, BackendOptions } from "../../backend/index.js";
import type { OpenedWal, WalMetadata } from "../../wal/index.js";
import type { LogCounters } from "../consensus/log-counters.js";
import type { ReceivedSnapshots } from "../snapshots/received-snapshots.js";

/** The place where a member keeps its data: a directory, or memory. */
export interface MemberDisk {
  /**
   * Creates the place or checks the existing one. Called first.
   *
   * @throws DiskError when it cannot be used
   */
  prepare(): Promise<void>;
  /**
   * Opens the raft log.
   *
   * @param metadata the owner of a log that is to be begun; undefined to open an existing log only
   * @returns undefined when there is no log and none is to be begun
   * @throws DiskError when the log is damaged, in use, or cannot be read or written
   */
  openLog(metadata?: WalMetadata): Promise<OpenedWal | undefined>;
  readonly databases: DatabasePlaces;
  /** The databases that peers send. */
  received(counters: LogCounters): ReceivedSnapshots;
}

/**
 * The databases of a member. A database has the index of the snapshot that it was loaded from, or 0 for the first one.
 */
export interface DatabasePlaces {
  /** The indexes of the existing databases, the newest first. */
  indexes(): Promise<readonly number[]>;
  /** Opens a database, and creates it when it does not exist. @throws DiskError */
  open(index: number, options: BackendOptions): Promise<Backend>;
  remove(index: number): Promise<void>;
  /** Makes a directory with the tables of a received snapshot the database of this index, which does not exist. */
  adopt?(index: number, dir: string): Promise<void>;
  /** A directory that does not exist, where a copy of a database may be made; undefined where there are no files. */
  copyPlace?(): string;
  /** Removes the copies that a crash has left. For the start. */
  removeCopies?(): Promise<void>;
}
