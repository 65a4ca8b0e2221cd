import type { Entry, HardState, Snapshot } from "../raft/index.js";

/** The changes of one `Ready` that have to be stored. */
export interface WalChange {
  readonly hardState?: HardState | undefined;
  /** Entries to append. They replace the log from the index of the first of them on. */
  readonly entries?: readonly Entry[];
  readonly snapshot?: Snapshot | undefined;
}

/** The raft log of one member, to which the raft node loop writes. */
export interface RaftLog {
  /** Bytes of entries stored since the log was opened. */
  readonly bytesWritten: number;
  /**
   * Stores the whole change or nothing; resolves when it is stored as safely as this log stores anything.
   *
   * @throws DiskError (a rejection) when the disk refuses; the log accepts nothing more then, and the member must stop
   */
  save(change: WalChange): Promise<void>;
  /** Drops all entries up to `index`, which a snapshot must cover. */
  compact(index: number): Promise<void>;
  /** Whether `read` returns what was saved. Otherwise raft must keep all entries in memory. */
  readonly readsBack: boolean;
  /**
   * Reads saved entries back, on other threads.
   *
   * @returns the entries from `first` on, before `end`: at least one, and no more than fit into `bytesMax`; none when
   *   the first one was compacted meanwhile
   * @throws DiskError (a rejection) when they are damaged
   */
  read(first: number, end: number, bytesMax: number): Promise<readonly Entry[]>;
  /** Removes all snapshots but the newest `keep` (1 or more). */
  purge(keep: number): Promise<void>;
  /** Closes the log once all pending writes are done. */
  close(): Promise<void>;
}
