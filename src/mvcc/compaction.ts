import { EtcdError, type Key, pause, Turns } from "../base/index.js";
import { KvHasher } from "./hash.js";
import type { HashCache } from "./hash-cache.js";
import { mainOf, revisionKey, subOf } from "./revision.js";
import type { StoreState } from "./store-state.js";
import { readStoredKey } from "./stored-head.js";

/** Number of index keys compacted in one turn; takes about a millisecond. */
const keysAtOnce = 2000;

const scheduledName = Buffer.from("scheduledCompactRev");
const finishedName = Buffer.from("finishedCompactRev");

export interface CompactionPace {
  /** Number of stored changes visited between two pauses. */
  readonly batch: number;
  readonly pauseMs: number;
}

/** An accepted compaction, and the revision of the one before it. */
interface Job {
  readonly revision: number;
  readonly before: number;
  /** The compaction before has finished, so this one visits the whole history since then and its hash is comparable. */
  readonly complete: boolean;
}

/**
 * Removes the history that no read can see any more: first from the index, then from disk, one compaction after the
 * other, in short turns with pauses. The meta bucket records the requested and the finished compaction, so that a
 * restart resumes an interrupted one.
 */
export class Compactor {
  readonly #state: StoreState;
  readonly #hashes: HashCache;
  readonly #pace: CompactionPace;
  readonly #stopping = new AbortController();
  #last: Promise<void> = Promise.resolve();

  constructor(state: StoreState, hashes: HashCache, pace: CompactionPace) {
    this.#state = state;
    this.#hashes = hashes;
    this.#pace = pace;
  }

  /** The last requested and the last finished compaction, from disk; -1 means never. */
  stored(): { readonly scheduled: number; readonly finished: number } {
    const scheduled = this.#state.backend.get("meta", scheduledName);
    const finished = this.#state.backend.get("meta", finishedName);
    return {
      scheduled: scheduled === undefined ? -1 : mainOf(scheduled),
      finished: finished === undefined ? -1 : mainOf(finished),
    };
  }

  /**
   * Makes history below `revision` unreadable at once. The promise resolves when it is also removed from memory and
   * disk.
   *
   * @throws EtcdError `futureRevision` or `compacted`
   */
  start(revision: number): Promise<void> {
    const state = this.#state;
    const before = state.compactedRevision;
    if (revision <= before) throw new EtcdError("compacted");
    if (revision > state.revision) throw new EtcdError("futureRevision");
    const { scheduled, finished } = this.stored();
    state.compactedRevision = revision;
    state.backend.put("meta", scheduledName, revisionKey(revision, 0));
    const job = { revision, before, complete: scheduled === finished };
    const done = this.#last.then(() => this.#run(job));
    // The caller gets the failure from `done`; the next compaction runs all the same.
    this.#last = done.catch((error: unknown) => this.#report(job, error));
    return done;
  }

  /** Stops the work in the background; an unfinished compaction resumes after the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#last;
  }

  async #run(job: Job): Promise<void> {
    const { backend, clock, counters, logger, pins } = this.#state;
    const start = clock.now();
    await pins.releasedBelow(job.revision, this.#stopping.signal);
    this.#throwIfStopping();
    const kept = await this.#compactIndex(job.revision);
    counters.indexCompactionMs.observe(clock.now() - start);
    const { hash, removed } = await this.#remove(job, kept);
    backend.put("meta", finishedName, revisionKey(job.revision, 0));
    await backend.commit();
    if (job.complete) this.#hashes.add({ hash, compactRevision: job.before, revision: job.revision });
    counters.compactionMs.observe(clock.now() - start);
    counters.compactedChanges += removed;
    counters.lastCompactionSeconds = Math.floor(clock.wallTime() / 1000);
    const took = `${Math.round(clock.now() - start)}ms`;
    logger.info("finished scheduled compaction", { "compact-revision": job.revision, took, hash, removed });
  }

  /** @returns whether any change at or below `revision` is kept */
  async #compactIndex(revision: number): Promise<boolean> {
    const turns = new Turns(this.#state.clock);
    let kept = false;
    for (let low: Key | undefined = ""; low !== undefined; ) {
      const slice = this.#state.index.compactSlice(low, keysAtOnce, revision);
      kept ||= slice.kept;
      low = slice.next;
      await turns.rest();
      this.#throwIfStopping();
    }
    return kept;
  }

  /** Visits all stored changes up to the revision, and removes those that are no longer in the index. */
  async #remove(job: Job, anyKept: boolean): Promise<{ readonly hash: number; readonly removed: number }> {
    const { backend, clock, counters, index } = this.#state;
    const hasher = new KvHasher(job.before);
    const turns = new Turns(clock);
    let removed = 0;
    let untilPause = this.#pace.batch;
    let stepFrom = clock.now();
    for await (const rows of backend.batches("key", revisionKey(0, 0), revisionKey(job.revision + 1, 0))) {
      for (const [storedKey, value] of rows) {
        const main = mainOf(storedKey);
        const stays = index.get(readStoredKey(value))?.has(main, subOf(storedKey)) === true;
        // etcd hashes the kept changes; when none is kept, it hashes all that the compaction before had left.
        if (main > job.before || stays || !anyKept) hasher.add(storedKey, value);
        if (!stays) {
          backend.delete("key", storedKey, value.byteLength);
          removed++;
        }
        if (--untilPause === 0) {
          untilPause = this.#pace.batch;
          counters.compactionStepMs.observe(clock.now() - stepFrom);
          await this.#pause();
          stepFrom = clock.now();
        } else if (turns.over(value.byteLength)) {
          await turns.rest();
        }
        this.#throwIfStopping();
      }
    }
    counters.compactionStepMs.observe(clock.now() - stepFrom);
    return { hash: hasher.sum, removed };
  }

  /** Leaves the disk and the event loop to other work for a while. */
  #pause(): Promise<void> {
    return pause(this.#state.clock, this.#pace.pauseMs, this.#stopping.signal);
  }

  #throwIfStopping(): void {
    if (this.#stopping.signal.aborted) throw new EtcdError("stopped");
  }

  #report(job: Job, error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    const { logger } = this.#state;
    logger.error("compaction failed", { "compact-revision": job.revision, error: String(error) });
  }
}
