import type { Backend } from "../../backend/index.js";
import { asError, type Clock, emptyBytes, type Logger } from "../../base/index.js";
import type { ConfState, MemoryStorage, Snapshot } from "../../raft/index.js";
import type { Wal } from "../../wal/index.js";
import type { ServerCounters } from "../counters.js";

export interface SnapshotTriggerConfig {
  readonly backend: Backend;
  readonly wal: Wal;
  readonly storage: MemoryStorage;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: ServerCounters;
  /** Applied entries between two snapshots. */
  readonly snapshotCount: number;
  /** Entries before a snapshot that the log keeps, for followers that are slow. */
  readonly catchUpEntries: number;
  /** Snapshots kept; 0 means all. */
  readonly maxSnapshots: number;
  readonly saveSnapshot: (snapshot: Snapshot) => Promise<void>;
  /** A peer needs the log from where it ends now: it is getting a snapshot, or has just got one. */
  readonly logIsHeld: () => boolean;
  readonly onFailure: (error: Error) => void;
}

const mebibyte = 1024 * 1024;
/** The raft log in memory may grow by this much before the next snapshot, however few entries that is. */
const snapshotBytes = 32 * mebibyte;
/** Entries before a snapshot that the log keeps take up no more than this, however few they are. */
const catchUpBytes = 64 * mebibyte;
/** The same where no other member could need them. */
const catchUpBytesAlone = 4 * mebibyte;
/**
 * While a peer gets a snapshot the log is kept from where that snapshot ends, but no more of it than this: beyond, the
 * peer needs another snapshot.
 */
const heldBytesMax = 256 * mebibyte;

/**
 * Cuts the raft log. Every so many applied entries, or bytes of them, a snapshot is recorded: not the state itself,
 * which is in the backend, but the fact that the backend holds it up to an index. Only then may the log forget entries
 * up to there.
 */
export class SnapshotTrigger {
  readonly #config: SnapshotTriggerConfig;
  #index: number;
  /** What was left of the log after the last snapshot. */
  #bytesLeft = 0;
  #running: Promise<void> | undefined;

  constructor(config: SnapshotTriggerConfig, index: number) {
    this.#config = config;
    this.#index = index;
  }

  /** To be called after entries were applied, up to `index` of `term` with the configuration of that moment. */
  applied(index: number, term: number, confState: ConfState): void {
    const { snapshotCount, storage } = this.#config;
    // One that was received counts too.
    const last = Math.max(this.#index, storage.snapshot().metadata.index);
    if (this.#running !== undefined || index <= last) return;
    if (index - last <= snapshotCount && storage.heldBytes - this.#bytesLeft <= snapshotBytes) return;
    this.#index = index;
    this.#running = this.#snapshot({ metadata: { index, term, confState }, data: emptyBytes })
      .catch((error: unknown) => this.#config.onFailure(asError(error)))
      .finally(() => {
        this.#running = undefined;
        this.#bytesLeft = storage.heldBytes;
      });
  }

  /** Resolves when no snapshot is under way. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #snapshot(snapshot: Snapshot): Promise<void> {
    const { backend, wal, storage, clock, logger, counters, catchUpEntries, maxSnapshots } = this.#config;
    const { index, confState } = snapshot.metadata;
    logger.info("triggering snapshot", { "applied-index": index, "snapshot-count": this.#config.snapshotCount });
    // Whatever the log forgets must be on disk elsewhere, the index up to which it is included.
    await backend.commit();
    const startedAt = clock.now();
    await this.#config.saveSnapshot(snapshot);
    counters.snapshotRecordSeconds.observe((clock.now() - startedAt) / 1000);
    // Meanwhile one may have been received, which takes the place of the log.
    if (index <= storage.snapshot().metadata.index) return;
    storage.createSnapshot(index, confState, snapshot.data);
    logger.info("saved snapshot", { "snapshot-index": index });
    if (this.#config.logIsHeld()) {
      if (storage.heldBytes <= heldBytesMax) {
        logger.info("skip compaction since there is an inflight snapshot");
        return;
      }
      logger.warn("compacting the Raft log although a snapshot is in flight: its receiver will need another one", {
        ...{ "log-bytes": storage.heldBytes, "log-bytes-max": heldBytesMax },
      });
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
