import type { Readable } from "../backend/index.js";
import { type Clock, EtcdError, type Key, pause, Turns } from "../base/index.js";
import type { CheckpointedKeys } from "./checkpoint/checkpointed-keys.js";
import type { StoreCounters } from "./counters.js";
import { KvHasher } from "./hash.js";
import type { HashCache } from "./hash-cache.js";
import { noRow } from "./keys/key-rows.js";
import { mainOf, revisionKey, subOf, tombstoneKey } from "./revision.js";
import type { StoreState } from "./store-state.js";
import { readStoredKey } from "./stored-head.js";

/** Number of keys that one slice visits, and of records that it drops before its last key: about a millisecond. */
const keysAtOnce = 2000;
const recordsAtOnce = 500;

const scheduledName = Buffer.from("scheduledCompactRev");
const finishedName = Buffer.from("finishedCompactRev");

export interface CompactionPace {
  /** Number of stored changes removed between two pauses; for the hash, of those visited. */
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

/** The last requested and the last finished compaction; -1 means never. */
export interface StoredCompactions {
  readonly scheduled: number;
  readonly finished: number;
}

export function storedCompactions(backend: Pick<Readable, "get">): StoredCompactions {
  const scheduled = backend.get("meta", scheduledName);
  const finished = backend.get("meta", finishedName);
  return {
    scheduled: scheduled === undefined ? -1 : mainOf(scheduled),
    finished: finished === undefined ? -1 : mainOf(finished),
  };
}

/** A record that is no longer in the index. Its row is the last thing to go. */
interface Dropped {
  readonly storedKey: Uint8Array;
  readonly bytes: number;
}

/**
 * Removes the history that no read can see any more, one compaction after the other, in short turns with pauses. The
 * index knows what it drops, so only these rows are touched on disk. The meta bucket records the requested and the
 * finished compaction, so that a restart resumes an interrupted one.
 *
 * The rows of a key are removed oldest first, which makes an interruption harmless: what is left of a key is always its
 * newest changes. A tombstone that was removed before the put below it would bring that put back to life.
 */
export class Compactor {
  readonly #state: StoreState;
  readonly #hashes: HashCache | undefined;
  readonly #pace: CompactionPace;
  readonly #checkpointed: CheckpointedKeys;
  readonly #stopping = new AbortController();
  #last: Promise<void> = Promise.resolve();
  /** The rows that are being removed, of records that the index has dropped already. Undefined when there are none. */
  #removing: Promise<void> | undefined;

  /**
   * @param hashes receives the hash of each compaction, for which all rows are read; undefined when none is needed
   * @param checkpointed the keys that a start would find in a checkpoint
   */
  constructor(state: StoreState, hashes: HashCache | undefined, pace: CompactionPace, checkpointed: CheckpointedKeys) {
    this.#state = state;
    this.#hashes = hashes;
    this.#pace = pace;
    this.#checkpointed = checkpointed;
  }

  /**
   * Resolves when no row is left in the database whose record the index has dropped.
   *
   * @throws EtcdError `stopped`, or the disk's error, when such rows stay
   */
  async rowsRemoved(): Promise<void> {
    while (this.#removing !== undefined) await this.#removing;
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
    const { scheduled, finished } = storedCompactions(state.backend);
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
    const rows = this.#hashes === undefined ? undefined : backend.view();
    let hash: number | undefined;
    let removed = 0;
    try {
      const done = await this.#remove(job.revision);
      removed = done.removed;
      if (rows !== undefined) hash = await this.#hash(job, rows, done.kept);
    } finally {
      await rows?.close();
    }
    backend.put("meta", finishedName, revisionKey(job.revision, 0));
    await backend.commit();
    const { before, revision } = job;
    if (hash !== undefined && job.complete) this.#hashes?.add({ hash, compactRevision: before, revision });
    counters.compactionMs.observe(clock.now() - start);
    counters.compactedChanges += removed;
    counters.lastCompactionSeconds = Math.floor(clock.wallTime() / 1000);
    const took = `${Math.round(clock.now() - start)}ms`;
    const hashed = hash === undefined ? {} : { hash };
    logger.info("finished scheduled compaction", { "compact-revision": revision, took, ...hashed, removed });
  }

  /** Removes history from the index and from disk. @returns whether any change at or below `revision` is kept */
  async #remove(revision: number): Promise<{ readonly kept: boolean; readonly removed: number }> {
    const { clock, counters, index } = this.#state;
    const turns = new Turns(clock);
    const pacer = this.#pacer();
    let kept = false;
    let removed = 0;
    let indexMs = 0;
    for (let low: Key | undefined = ""; low !== undefined; ) {
      const dropped: Dropped[] = [];
      const buried: Key[] = [];
      let keysLeft = keysAtOnce;
      const startedAt = clock.now();
      const slice = index.compactSlice(
        low,
        revision,
        (main, sub, isTombstone, bytes) =>
          dropped.push({ storedKey: isTombstone ? tombstoneKey(main, sub) : revisionKey(main, sub), bytes }),
        () => keysLeft-- === 0 || dropped.length >= recordsAtOnce,
        (row, visited) => {
          if (this.#checkpointed.needsGrave(row)) buried.push(visited.key);
        },
      );
      indexMs += clock.now() - startedAt;
      kept ||= slice.kept;
      low = slice.next;
      removed += dropped.length;
      this.#checkpointed.graves.dig(buried, revision);
      this.#removing = this.#removeRows(dropped, pacer, turns);
      await this.#removing;
      this.#removing = undefined;
      await turns.rest();
      this.#throwIfStopping();
    }
    pacer.end();
    counters.indexCompactionMs.observe(indexMs);
    return { kept, removed };
  }

  async #removeRows(dropped: readonly Dropped[], pacer: Pacer, turns: Turns): Promise<void> {
    const { backend } = this.#state;
    for (const { storedKey, bytes } of dropped) {
      backend.delete("key", storedKey, bytes);
      if (pacer.pauseIsDue()) {
        // The disk may be slower than the pauses make it look.
        if (backend.full) await backend.commit();
        await pacer.pause();
      } else if (turns.over(0)) await turns.rest();
      this.#throwIfStopping();
    }
  }

  /** Hashes the changes up to the revision as etcd's compaction does in passing. `rows` is the state before it. */
  async #hash(job: Job, rows: Readable, anyKept: boolean): Promise<number> {
    const { clock, index } = this.#state;
    const hasher = new KvHasher(job.before);
    const turns = new Turns(clock);
    const pacer = this.#pacer();
    for await (const batch of rows.batches("key", revisionKey(0, 0), revisionKey(job.revision + 1, 0))) {
      for (const [storedKey, value] of batch) {
        const main = mainOf(storedKey);
        const row = index.get(readStoredKey(value));
        const stays = row !== noRow && index.records.has(row, main, subOf(storedKey));
        // etcd hashes the kept changes; when none is kept, it hashes all that the compaction before had left.
        if (main > job.before || stays || !anyKept) hasher.add(storedKey, value);
        if (pacer.pauseIsDue()) await pacer.pause();
        else if (turns.over(value.byteLength)) await turns.rest();
        this.#throwIfStopping();
      }
    }
    return hasher.sum;
  }

  #pacer(): Pacer {
    const { clock, counters } = this.#state;
    return new Pacer(this.#pace.batch, clock, counters, () => pause(clock, this.#pace.pauseMs, this.#stopping.signal));
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

/** Leaves the disk and the event loop to other work for a while, after each batch of rows. */
class Pacer {
  readonly #batch: number;
  readonly #clock: Clock;
  readonly #counters: StoreCounters;
  readonly #pause: () => Promise<void>;
  #left: number;
  #stepFrom: number;

  constructor(batch: number, clock: Clock, counters: StoreCounters, pauseOnce: () => Promise<void>) {
    this.#batch = batch;
    this.#clock = clock;
    this.#counters = counters;
    this.#pause = pauseOnce;
    this.#left = batch;
    this.#stepFrom = clock.now();
  }

  /** Asked after each row. */
  pauseIsDue(): boolean {
    return --this.#left <= 0;
  }

  async pause(): Promise<void> {
    this.end();
    await this.#pause();
    this.#left = this.#batch;
    this.#stepFrom = this.#clock.now();
  }

  /** Ends the last step, after which no pause follows. */
  end(): void {
    this.#counters.compactionStepMs.observe(this.#clock.now() - this.#stepFrom);
  }
}
