import type { Backend } from "../backend/index.js";
import {
  assert,
  type Clock,
  type Key,
  type LeaseId,
  type Logger,
  type Steps,
  Turns,
  type WorkBudget,
} from "../base/index.js";
import type { Encoded, KeyValue } from "../wire/index.js";
import type { Change, ChangeListener, ChangeTeller } from "./change.js";
import { Compactor } from "./compaction.js";
import { StoreCounters } from "./counters.js";
import { hashHistory, type KvHash } from "./hash.js";
import { HashCache } from "./hash-cache.js";
import { type History, readHistory } from "./history.js";
import { PinnedRange } from "./pinned-range.js";
import { PinnedState } from "./pinned-state.js";
import { headsInStepsAt, pairsInStepsAt, rangeAt, rangeInStepsAt } from "./range-scan.js";
import type { KeyHead, RangeOptions, RangeResult, SteppedReader } from "./reader.js";
import { restoreIndex } from "./restore.js";
import { StoreState } from "./store-state.js";
import { WriteTxn } from "./write-txn.js";

export interface StoreOptions {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called for every key with a lease while the store is restored. */
  readonly onLease: (key: Key, leaseId: LeaseId) => void;
  /** Goes on counting there. */
  readonly counters?: StoreCounters;
  /** How much memory the newest values may take; what is not there is read from disk. */
  readonly cacheBytesMax?: number;
  /** Stored changes that a compaction passes between two pauses. */
  readonly compactionBatch?: number;
  readonly compactionPauseMs?: number;
}

export interface HashKvResult {
  readonly hash: number;
  /** What was compacted when it was taken; -1: nothing yet. */
  readonly compactRevision: number;
  /** The store's own, not that of the hash. */
  readonly currentRevision: number;
}

const cacheBytesDefault = 96 * 1024 * 1024;

/** Opens the store on what `backend` holds; a compaction that was interrupted goes on in the background. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { backend, clock, logger, cacheBytesMax = cacheBytesDefault } = options;
  const { compactionBatch = 1000, compactionPauseMs = 10 } = options;
  const state = new StoreState(backend, clock, logger, options.counters ?? new StoreCounters(), cacheBytesMax);
  const hashes = new HashCache();
  const compactor = new Compactor(state, hashes, { batch: compactionBatch, pauseMs: compactionPauseMs });
  const { scheduled, finished } = compactor.stored();
  state.compactedRevision = finished;
  await restoreIndex(state, options.onLease);
  // The newest changes may be compacted away, and with them what tells how far the store had come.
  state.revision = Math.max(state.revision, finished, scheduled);
  const fields = { "current-rev": state.revision, "compact-revision": finished, keys: state.index.alive };
  logger.info("kvstore restored", fields);
  if (scheduled > finished) {
    logger.info("resume scheduled compaction", { "scheduled-compact-revision": scheduled });
    compactor.start(scheduled);
  }
  return new Store(state, compactor, hashes);
}

/**
 * The key space with its history. One write at a time, made of changes that become visible together; reads at any
 * revision that is not compacted. Same calls, same bytes, on every member.
 */
export class Store implements SteppedReader {
  #state: StoreState;
  #compactor: Compactor;
  #hashes: HashCache;
  readonly #listeners: ChangeListener[] = [];
  readonly #tellers: ChangeTeller[] = [];
  #writing = false;
  /** The last write is readable, and not all listeners have heard of it yet. */
  #telling = false;
  /** Keys that existed when the write of the moment began. */
  #keysBefore = 0;

  constructor(state: StoreState, compactor: Compactor, hashes: HashCache) {
    this.#state = state;
    this.#compactor = compactor;
    this.#hashes = hashes;
  }

  get revision(): number {
    return this.#state.revision;
  }

  /** What lies below cannot be read any more; -1 while nothing was ever compacted. */
  get compactedRevision(): number {
    return this.#state.compactedRevision;
  }

  /** Keys that exist at `revision`. */
  get keyCount(): number {
    return this.#writing ? this.#keysBefore : this.#state.index.alive;
  }

  range(key: Key, end: Key, options: RangeOptions = {}): RangeResult {
    return rangeAt(this.#state, this.revision, key, end, options);
  }

  head(key: Key): KeyHead | undefined {
    return this.#state.head(key, this.revision);
  }

  rangeInSteps(key: Key, end: Key, options: RangeOptions, budget: WorkBudget): Steps<RangeResult> {
    return rangeInStepsAt(this.#state, this.revision, key, end, options, budget);
  }

  headsInSteps(key: Key, end: Key, budget: WorkBudget, visit: (head: KeyHead) => boolean): Steps<void> {
    return headsInStepsAt(this.#state, this.revision, key, end, budget, visit);
  }

  pairsInSteps(key: Key, end: Key, budget: WorkBudget, visit: (kv: Encoded<KeyValue>) => boolean): Steps<void> {
    return pairsInStepsAt(this.#state, this.revision, key, end, budget, visit);
  }

  /**
   * A range that its reader reads in turns, at one revision, and closes.
   *
   * @param revision the state to read; 0 or less is `current`
   * @param current the state that counts as the newest: the store's own, or one that the caller has pinned
   * @throws EtcdError `futureRevision` or `compacted`
   */
  openRange(key: Key, end: Key, revision: number, current = this.revision): PinnedRange {
    return new PinnedRange(this.#state, key, end, this.#state.readable(revision, current), current);
  }

  /** Cuts work that reads this store into turns of a few milliseconds. */
  turns(): Turns {
    return new Turns(this.#state.clock);
  }

  /** The state of this moment, kept readable until it is released, whatever is written or compacted meanwhile. */
  pin(): PinnedState {
    return new PinnedState(this.#state);
  }

  /** Begins the one write of the moment. Its caller ends it, and what it leaves to do, before the next one begins. */
  beginWrite(): WriteTxn {
    assert(!this.#writing && !this.#telling, "one write ends before the next begins");
    this.#writing = true;
    this.#keysBefore = this.#state.index.alive;
    return new WriteTxn(this.#state, (changes, budget) => this.#endWrite(changes, budget));
  }

  /**
   * Gives up the history below `revision`. Reads there are refused from now on; `done` tells when it is also removed
   * from memory and disk, or that it could not be.
   *
   * @throws EtcdError `futureRevision` or `compacted`
   */
  compact(revision: number): { readonly done: Promise<void> } {
    return { done: this.#compactor.start(revision) };
  }

  /**
   * What `etcdserverpb.Maintenance/HashKV` answers for `revision`, 0 being the current one.
   *
   * @throws EtcdError `futureRevision` or `compacted`
   */
  async hashKv(revision: number): Promise<HashKvResult> {
    const { revision: currentRevision } = this;
    const { clock, counters } = this.#state;
    const startedAt = clock.now();
    const { hash, compactRevision } = this.#hashes.find(revision) ?? (await hashHistory(this.#state, revision));
    counters.hashSeconds.observe((clock.now() - startedAt) / 1000);
    return { hash, compactRevision, currentRevision };
  }

  /** What compactions summed up of the history that they removed, the newest first; not all of them are remembered. */
  compactionHashes(): readonly KvHash[] {
    return this.#hashes.all();
  }

  /**
   * Changes from revision `low` on as far as there are any yet, whole revisions together; it stops after the revision
   * with which `countMax` of them (or some megabytes) are reached.
   *
   * @throws EtcdError `compacted` when `low` is below the compacted revision
   */
  changesFrom(low: number, countMax: number): Promise<History> {
    return readHistory(this.#state, low, countMax);
  }

  onChanges(listener: ChangeListener): void {
    this.#listeners.push(listener);
  }

  /** As `onChanges`, of one that may take several turns; it hears after the listeners. */
  onChangesInSteps(teller: ChangeTeller): void {
    this.#tellers.push(teller);
  }

  /**
   * Goes on from the state of `other`, at once: a store that was opened on another backend and that nobody else uses.
   * Listeners stay, and hear nothing of what lies between.
   *
   * @returns resolves when nobody reads the state before any more, so that its backend may go
   */
  async replaceWith(other: Store): Promise<void> {
    assert(!this.#writing, "a state is replaced between two writes");
    const [state, compactor] = [this.#state, this.#compactor];
    this.#state = other.#state;
    this.#compactor = other.#compactor;
    this.#hashes = other.#hashes;
    await compactor.stop();
    await state.pins.releasedBelow(Number.POSITIVE_INFINITY, new AbortController().signal);
  }

  /** Stops what runs in the background; the backend may be closed afterwards. */
  close(): Promise<void> {
    return this.#compactor.stop();
  }

  #endWrite(changes: readonly Change[], budget: WorkBudget): Steps<void> | undefined {
    this.#writing = false;
    if (changes.length === 0) return undefined;
    const revision = ++this.#state.revision;
    const left: Steps<void>[] = [];
    for (const listener of this.#listeners) listener(revision, changes);
    for (const teller of this.#tellers) {
      const rest = teller(revision, changes, budget);
      if (rest !== undefined) left.push(rest);
    }
    this.#telling = left.length > 0;
    return this.#telling ? this.#tell(left) : undefined;
  }

  *#tell(left: readonly Steps<void>[]): Steps<void> {
    for (const rest of left) yield* rest;
    this.#telling = false;
  }
}
