import { asError, type Clock, emptyBytes, type Logger } from "../../base/index.js";
import type { ConfState, MemoryStorage, Snapshot, SnapshotMetadata } from "../../raft/index.js";
import type { RaftLog } from "../../wal/index.js";
import type { LogCounters } from "./log-counters.js";

export interface SnapshotTriggerConfig {
  readonly wal: Pick<RaftLog, "compact" | "purge">;
  readonly storage: MemoryStorage;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: LogCounters;
  /** The number of applied entries between two snapshots. */
  readonly snapshotCount: number;
  /** The number of entries that the log keeps before a snapshot, for slow followers. */
  readonly catchUpEntries: number;
  /** The number of snapshots to keep; 0 means all. */
  readonly maxSnapshots: number;
  /** Asks for the database to be written to the disk. `record` is called when it is. */
  readonly commitDatabase: () => void;
  readonly saveSnapshot: (snapshot: Snapshot) => Promise<void>;
  /** Whether a peer is receiving a snapshot, or has just received one, and needs the entries after it. */
  readonly logIsHeld: () => boolean;
  /** Whether the log can be longer than its part in memory. */
  readonly logIsOnDisk: boolean;
  /**
   * Whether a log that is in memory only is cut more often than snapshots are recorded, as in etcd since 3.6: a
   * follower that is further behind than `catchUpEntries` gets a snapshot.
   */
  readonly trimsMemory: boolean;
  /** The configuration as of the last applied entry. */
  readonly confState: () => ConfState;
  /** Called when a snapshot at this index is in the log. */
  readonly onRecorded: (index: number) => void;
  readonly onFailure: (error: Error) => void;
}

const mebibyte = 1024 * 1024;
/** The bytes of entries after which a snapshot is recorded, however few entries they are. */
const snapshotBytes = 16 * mebibyte;
/**
 * The most bytes of the entries that the log keeps before a snapshot, however few entries they are. On disk, they cost
 * the next start about a second. In memory, every member holds them. A follower that misses more of them than this gets
 * the tables of the database.
 */
const catchUpBytes = { inMemory: 32 * mebibyte, onDisk: 128 * mebibyte } as const;
/** The same for a single member, since no follower needs these entries. */
const catchUpBytesAlone = 4 * mebibyte;
/**
 * The most bytes of the entries that are kept for a peer while it receives a snapshot. With more, the peer needs
 * another snapshot.
 */
const heldBytesMax = { inMemory: 256 * mebibyte, onDisk: 1024 * mebibyte } as const;
/** The log in memory is cut after this many applied entries, as in etcd since 3.6. */
const trimEntries = 100;

/**
 * Compacts the raft log. After a number of applied entries, or of their bytes, it records a snapshot in the log. The
 * record does not contain the state, which is in the database, but its index. The log may then drop the entries up to
 * that index.
 */
export class SnapshotTrigger {
  readonly #config: SnapshotTriggerConfig;
  /** The last applied entry. */
  #applied: number;
  /** The index of the last snapshot that was triggered, or received. */
  #index: number;
  /** The last snapshot that was recorded; undefined when this process has recorded none. */
  #recorded: SnapshotMetadata | undefined;
  /** The index of the last snapshot that was received. It has replaced the log. */
  #received: number;
  /** The last applied entry when the log in memory was last cut. */
  #trimmedAt: number;
  /** Whether a snapshot was asked for that is not triggered yet. */
  #wanted = false;
  /** The log must drop the entries up to this index, which some members cannot read; 0 for none. */
  #dropThrough = 0;
  /** The snapshot that is being recorded; undefined when there is none. */
  #running: { readonly done: Promise<void>; readonly finish: () => void } | undefined;

  constructor(config: SnapshotTriggerConfig, index: number) {
    this.#config = config;
    this.#index = index;
    this.#received = index;
    this.#applied = index;
    this.#trimmedAt = index;
  }

  /** Must be called after entries were applied. */
  applied(index: number): void {
    this.#applied = index;
    this.#trimMemory();
    this.#look();
  }

  /** A received snapshot has replaced the log. */
  restored(index: number): void {
    this.#received = index;
    this.#recorded = undefined;
    this.#index = Math.max(this.#index, index);
    this.#trimmedAt = index;
  }

  /**
   * Records a snapshot soon, however few entries were applied since the last one.
   *
   * @param dropThrough the log also drops the entries up to this applied one, which slow followers might have needed;
   *   0 to drop no more than usual
   */
  cut(dropThrough: number): void {
    this.#wanted = true;
    this.#dropThrough = Math.max(this.#dropThrough, dropThrough);
    this.#look();
  }

  /** Must be called at times: what could not be dropped before may be dropped now. */
  tick(): void {
    this.#trimMemory();
    if (this.#dropThrough === 0 || this.#running !== undefined) return;
    const { storage, logIsHeld } = this.#config;
    const recorded = this.#recorded;
    if (this.#dropThrough < storage.firstIndex()) this.#dropThrough = 0;
    else if (logIsHeld()) return;
    else if (recorded === undefined || recorded.index < this.#dropThrough) this.cut(this.#dropThrough);
    else this.#run(() => this.#compact(recorded));
  }

  /** Records a snapshot, which the database on disk covers. */
  record(covered: SnapshotMetadata): void {
    // The state may have got further since the snapshot was triggered.
    this.#index = covered.index;
    this.#run(() => this.#snapshot({ metadata: covered, data: emptyBytes }));
  }

  /** Resolves when no snapshot is being recorded. */
  async settled(): Promise<void> {
    await this.#running?.done;
  }

  /** Triggers a snapshot when one is due. */
  #look(): void {
    const { snapshotCount, storage } = this.#config;
    const index = this.#applied;
    if (this.#running !== undefined || index <= this.#index) return;
    const manyBytes = storage.bytesAfter(this.#index) > snapshotBytes;
    if (!this.#wanted && index - this.#index <= snapshotCount && !manyBytes) return;
    this.#wanted = false;
    this.#index = index;
    this.#begin();
    this.#config.logger.info("triggering snapshot", { "applied-index": index, "snapshot-count": snapshotCount });
    // The database, with its consistent index, must be on disk before the log drops the entries.
    this.#config.commitDatabase();
  }

  #begin(): void {
    let finish = (): void => undefined;
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    this.#running = { done, finish };
  }

  /** Does the work of a snapshot that has begun, or begins with it. */
  #run(work: () => Promise<void>): void {
    if (this.#running === undefined) this.#begin();
    work()
      .catch((error: unknown) => this.#config.onFailure(asError(error)))
      .finally(() => {
        this.#running?.finish();
        this.#running = undefined;
      });
  }

  /** Cuts the log in memory. On disk it stays until the next snapshot, for the next start. */
  #trimMemory(): void {
    const { storage, catchUpEntries, confState, logIsHeld, trimsMemory } = this.#config;
    if (!trimsMemory || this.#applied - this.#trimmedAt < trimEntries) return;
    // Entries may be applied a moment before the log in memory has them.
    if (this.#applied > storage.lastIndex()) return;
    this.#trimmedAt = this.#applied;
    const compactIndex = this.#applied - catchUpEntries;
    if (compactIndex < storage.firstIndex() || logIsHeld()) return;
    // A follower that needs the dropped entries gets a snapshot of the state at least at this index.
    if (storage.snapshot().metadata.index < this.#applied) {
      storage.createSnapshot(this.#applied, confState(), emptyBytes);
    }
    storage.compact(compactIndex);
  }

  get #place(): "inMemory" | "onDisk" {
    return this.#config.logIsOnDisk ? "onDisk" : "inMemory";
  }

  async #snapshot(snapshot: Snapshot): Promise<void> {
    const { storage, clock, logger, counters, maxSnapshots, wal } = this.#config;
    const { index, confState } = snapshot.metadata;
    const startedAt = clock.now();
    await this.#config.saveSnapshot(snapshot);
    counters.snapshotRecordSeconds.observe((clock.now() - startedAt) / 1000);
    // A snapshot may have been received meanwhile, which has replaced the log.
    if (index <= this.#received) return;
    if (storage.snapshot().metadata.index < index) storage.createSnapshot(index, confState, snapshot.data);
    logger.info("saved snapshot", { "snapshot-index": index });
    this.#recorded = snapshot.metadata;
    this.#config.onRecorded(index);
    if (this.#config.logIsHeld()) {
      const bytesMax = heldBytesMax[this.#place];
      if (storage.logBytes <= bytesMax) {
        logger.info("skip compaction since there is an inflight snapshot");
        return;
      }
      logger.warn(
        "raft log is too large: compacting it during a snapshot transfer, whose receiver will need another one",
        {
          ...{ "log-bytes": storage.logBytes, "log-bytes-max": bytesMax },
        },
      );
    }
    await this.#compact(snapshot.metadata);
    if (maxSnapshots > 0) await wal.purge(maxSnapshots);
  }

  /** Drops the entries that slow followers are unlikely to need. */
  async #compact({ index, confState }: SnapshotMetadata): Promise<void> {
    const { wal, storage, logger, catchUpEntries } = this.#config;
    const alone = confState.voters.length + confState.learners.length === 1;
    const firstKept = storage.firstWithin(alone ? catchUpBytesAlone : catchUpBytes[this.#place], index);
    const usual = Math.max(index - catchUpEntries, firstKept - 1);
    const compactIndex = Math.max(usual, Math.min(this.#dropThrough, index));
    if (compactIndex <= 0) return;
    if (compactIndex >= storage.firstIndex()) storage.compact(compactIndex);
    await wal.compact(compactIndex);
    logger.info("compacted Raft logs", { "compact-index": compactIndex });
  }
}
