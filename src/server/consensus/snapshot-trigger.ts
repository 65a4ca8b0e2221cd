import { asError, type Clock, emptyBytes, type Logger } from "../../base/index.js";
import type { MemoryStorage, Snapshot, SnapshotMetadata } from "../../raft/index.js";
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
  readonly onFailure: (error: Error) => void;
}

const mebibyte = 1024 * 1024;
/** The bytes of entries after which a snapshot is recorded, however few entries they are. */
const snapshotBytes = 32 * mebibyte;
/** The most bytes of the entries that the log keeps before a snapshot, however few entries they are. */
const catchUpBytes = 64 * mebibyte;
/** The same for a single member, since no follower needs these entries. */
const catchUpBytesAlone = 4 * mebibyte;
/**
 * The most bytes of the entries that are kept for a peer while it receives a snapshot. With more, the peer needs
 * another snapshot.
 */
const heldBytesMax = 256 * mebibyte;

/**
 * Compacts the raft log. After a number of applied entries, or of their bytes, it records a snapshot in the log. The
 * record does not contain the state, which is in the database, but its index. The log may then drop the entries up to
 * that index.
 */
export class SnapshotTrigger {
  readonly #config: SnapshotTriggerConfig;
  #index: number;
  /** The bytes of entries that remained in the log after the last snapshot. */
  #bytesLeft = 0;
  /** The snapshot that is being recorded; undefined when there is none. */
  #running: { readonly done: Promise<void>; readonly finish: () => void } | undefined;

  constructor(config: SnapshotTriggerConfig, index: number) {
    this.#config = config;
    this.#index = index;
  }

  /** Must be called after entries were applied. */
  applied(index: number): void {
    const { snapshotCount, storage } = this.#config;
    // A received snapshot counts as well.
    const last = Math.max(this.#index, storage.snapshot().metadata.index);
    if (this.#running !== undefined || index <= last) return;
    if (index - last <= snapshotCount && storage.heldBytes - this.#bytesLeft <= snapshotBytes) return;
    this.#index = index;
    let finish = (): void => undefined;
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    this.#running = { done, finish };
    this.#config.logger.info("triggering snapshot", { "applied-index": index, "snapshot-count": snapshotCount });
    // The database, with its consistent index, must be on disk before the log drops the entries.
    this.#config.commitDatabase();
  }

  /** Records a snapshot, which the database on disk covers. */
  record(covered: SnapshotMetadata): void {
    // The state may have got further since the snapshot was triggered.
    this.#index = covered.index;
    this.#snapshot({ metadata: covered, data: emptyBytes })
      .catch((error: unknown) => this.#config.onFailure(asError(error)))
      .finally(() => {
        this.#running?.finish();
        this.#running = undefined;
        this.#bytesLeft = this.#config.storage.heldBytes;
      });
  }

  /** Resolves when no snapshot is being recorded. */
  async settled(): Promise<void> {
    await this.#running?.done;
  }

  async #snapshot(snapshot: Snapshot): Promise<void> {
    const { wal, storage, clock, logger, counters, catchUpEntries, maxSnapshots } = this.#config;
    const { index, confState } = snapshot.metadata;
    const startedAt = clock.now();
    await this.#config.saveSnapshot(snapshot);
    counters.snapshotRecordSeconds.observe((clock.now() - startedAt) / 1000);
    // A snapshot may have been received meanwhile, which has replaced the log.
    if (index <= storage.snapshot().metadata.index) return;
    storage.createSnapshot(index, confState, snapshot.data);
    logger.info("saved snapshot", { "snapshot-index": index });
    if (this.#config.logIsHeld()) {
      if (storage.heldBytes <= heldBytesMax) {
        logger.info("skip compaction since there is an inflight snapshot");
        return;
      }
      logger.warn(
        "raft log is too large: compacting it during a snapshot transfer, whose receiver will need another one",
        {
          ...{ "log-bytes": storage.heldBytes, "log-bytes-max": heldBytesMax },
        },
      );
    }
    const alone = confState.voters.length + confState.learners.length === 1;
    const firstKept = storage.firstWithin(alone ? catchUpBytesAlone : catchUpBytes, index);
    const compactIndex = Math.max(index - catchUpEntries, firstKept - 1);
    if (compactIndex >= storage.firstIndex()) {
      storage.compact(compactIndex);
      await wal.compact(compactIndex);
      logger.info("compacted Raft logs", { "compact-index": compactIndex });
    }
    if (maxSnapshots > 0) await wal.purge(maxSnapshots);
  }
}
