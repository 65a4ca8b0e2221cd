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
import type { ChangeList, ChangeListener, ChangeTeller } from "./change-list.js";
import { Budget, type CheckpointPace, defaultPace } from "./checkpoint/budget.js";
import { CheckpointedKeys } from "./checkpoint/checkpointed-keys.js";
import { Checkpointer } from "./checkpoint/checkpointer.js";
import { type OpenedIndex, openIndex, removeOtherFiles } from "./checkpoint/open-index.js";
import { type ChildPage, type ChildQuery, readChildren } from "./child-scan.js";
import { Compactor, storedCompactions } from "./compaction.js";
import { StoreCounters } from "./counters.js";
import { hashHistory, type KvHash } from "./hash.js";
import { HashCache } from "./hash-cache.js";
import { readHistory, type StoredHistory } from "./history.js";
import { noRow } from "./keys/key-rows.js";
import { PinnedRange } from "./pinned-range.js";
import { PinnedState } from "./pinned-state.js";
import { tellLeases } from "./restore.js";
import { StateReader } from "./state-reader.js";
import { StoreState } from "./store-state.js";
import { WriteTxn } from "./write-txn.js";

export interface StoreOptions {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called for every key with a lease while the store is restored. */
  readonly onLease: (key: Key, leaseId: LeaseId) => void;
  /** Counters to continue with; new ones by default. */
  readonly counters?: StoreCounters;
  /** Bytes of memory for the newest values; 96 MiB by default. Other values are read from disk. */
  readonly cacheBytesMax?: number;
  /** Number of stored changes that a compaction removes between two pauses; 1,000 by default. */
  readonly compactionBatch?: number;
  readonly compactionPauseMs?: number;
  /** Computes the hash of each compaction, for which all stored changes are read; false by default. */
  readonly hashCompactions?: boolean;
  /** When checkpoints of the index are written, if the backend has a place for them. */
  readonly checkpoints?: CheckpointPace;
}

export interface HashKvResult {
  readonly hash: number;
  /** The compacted revision when the hash was computed; -1 when nothing was ever compacted. */
  readonly compactRevision: number;
  /** The store's current revision, which may be above that of the hash. */
  readonly currentRevision: number;
}

const cacheBytesDefault = 96 * 1024 * 1024;

/** Opens the store on the contents of `backend`; an interrupted compaction resumes in the background. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { backend, clock, logger, cacheBytesMax = cacheBytesDefault } = options;
  const { compactionBatch = 1000, compactionPauseMs = 10, hashCompactions = false } = options;
  const { scheduled, finished } = storedCompactions(backend);
  const opened = await openIndex(backend, { scheduled, finished }, clock, logger);
  const { index } = opened;
  const state = new StoreState(backend, index, clock, logger, options.counters ?? new StoreCounters(), cacheBytesMax);
  const hashes = new HashCache();
  const pace = { batch: compactionBatch, pauseMs: compactionPauseMs };
  const checkpointed = new CheckpointedKeys(index.records.rows, backend, opened.graves, opened.checkpoint);
  if (opened.checkpoint === undefined) checkpointed.graves.removeBelow(checkpointed.graves.next);
  const compactor = new Compactor(state, hashCompactions ? hashes : undefined, pace, checkpointed);
  state.compactedRevision = finished;
  // A compaction may have removed the newest changes, and with them the record of the store's revision.
  state.revision = Math.max(state.revision, opened.rows.revision, index.newest, finished, scheduled);
  if (opened.leased) await tellLeases(index, clock, options.onLease);
  const fields = { "current-rev": state.revision, "compact-revision": finished, keys: index.alive };
  logger.info("kvstore restored", fields);
  if (scheduled > finished) {
    logger.info("resume scheduled compaction", { "scheduled-compact-revision": scheduled });
    for (const { storedKey, bytes } of opened.left) backend.delete("key", storedKey, bytes);
    compactor.start(scheduled);
  }
  return new Store(state, compactor, hashes, await openCheckpointer(state, opened, checkpointed, compactor, options));
}

/** Undefined for a database that has no place for checkpoints. */
async function openCheckpointer(
  state: StoreState,
  { checkpoint, rows }: OpenedIndex,
  keys: CheckpointedKeys,
  compactor: Compactor,
  { checkpoints = defaultPace }: StoreOptions,
): Promise<Checkpointer | undefined> {
  const { backend, counters, index } = state;
  const { sideFiles } = backend;
  if (sideFiles === undefined) return undefined;
  await removeOtherFiles(backend, checkpoint);
  counters.checkpointRevision = checkpoint?.startRevision ?? 0;
  const bytesOfByte = checkpoint && checkpoint.fileBytes / Math.max(index.usedBytes, 1);
  const budget = new Budget(backend, checkpoints, rows.bytes, checkpoint?.owedBytes ?? 0, bytesOfByte);
  return new Checkpointer(state, sideFiles, keys, compactor, checkpoints, budget);
}

/**
 * The key space with its history. There is one write at a time, whose changes become visible together; reads are
 * possible at any revision that is not compacted. The same calls produce the same bytes on every member.
 */
export class Store extends StateReader {
  protected state: StoreState;
  #compactor: Compactor;
  #hashes: HashCache;
  #checkpointer: Checkpointer | undefined;
  readonly #listeners: ChangeListener[] = [];
  readonly #tellers: ChangeTeller[] = [];
  #writing = false;
  /** The last write is readable, but not all listeners have been told yet. */
  #telling = false;
  /** Number of keys when the current write began. */
  #keysBefore = 0;

  constructor(state: StoreState, compactor: Compactor, hashes: HashCache, checkpointer: Checkpointer | undefined) {
    super();
    this.state = state;
    this.#compactor = compactor;
    this.#hashes = hashes;
    this.#checkpointer = checkpointer;
  }

  get revision(): number {
    return this.state.revision;
  }

  /** Revisions below this one can no longer be read; -1 when nothing was ever compacted. */
  get compactedRevision(): number {
    return this.state.compactedRevision;
  }

  /** Number of keys that exist at `revision`. */
  get keyCount(): number {
    return this.#writing ? this.#keysBefore : this.state.index.alive;
  }

  /** Bytes of the index of all keys, which lies outside of V8's heap. */
  get indexBytes(): number {
    return this.state.index.usedBytes;
  }

  /**
   * Opens a range at one revision, which its reader reads in turns and must close.
   *
   * @param revision the revision to read; 0 or less means `current`
   * @param current the revision that counts as the newest: the store's own, or one that the caller has pinned
   * @throws EtcdError `futureRevision` or `compacted`
   */
  openRange(key: Key, end: Key, revision: number, current = this.revision): PinnedRange {
    return new PinnedRange(this.state, key, end, this.state.readable(revision, current), current);
  }

  /**
   * Reads the children of a prefix in turns, at a revision that stays readable meanwhile. Of the newest revision each
   * child is as of the turn in which it is read.
   *
   * @param between called before each further turn; when it throws, the read ends
   * @returns also the revision
   * @throws EtcdError `futureRevision` or `compacted`
   */
  async children(query: ChildQuery, turns: Turns, between: () => void): Promise<ChildPage & { revision: number }> {
    const { state } = this;
    const revision = state.readable(query.revision, state.revision);
    const hold = state.pins.hold(revision);
    try {
      const at = revision === state.revision ? 0 : revision;
      return { ...(await turns.run(readChildren(state, { ...query, revision: at }, turns), between)), revision };
    } finally {
      hold.release();
    }
  }

  /**
   * Brings the value of one key into memory, on another thread, when the disk has been slow lately. To be awaited
   * before the key is read; undefined when there is nothing to wait for.
   *
   * @param revision as for `range`
   */
  ahead(key: Key, revision: number): Promise<void> | undefined {
    const { cold, index } = this.state;
    if (!cold.expected) return undefined;
    const row = index.get(key);
    const position = row === noRow ? -1 : index.records.visibleAt(row, revision > 0 ? revision : this.revision);
    const stored = position < 0 ? undefined : this.state.uncached(row, position);
    return stored && cold.readAhead([stored]);
  }

  /** Splits work that reads this store, for one client, into turns of a few milliseconds. */
  turns(client?: object): Turns {
    return new Turns(this.state.clock, undefined, client);
  }

  /** Pins the current state: it stays readable until it is released, despite writes and compactions. */
  pin(): PinnedState {
    return new PinnedState(this.state);
  }

  /**
   * Begins a write. The caller must end it, and finish the steps that ending it returns, before the next write begins.
   */
  beginWrite(): WriteTxn {
    assert(!this.#writing && !this.#telling, "one write ends before the next begins");
    this.#writing = true;
    this.#keysBefore = this.state.index.alive;
    return new WriteTxn(this.state, (changes, budget) => this.#endWrite(changes, budget));
  }

  /**
   * Compacts the history below `revision`. Reads there are refused from now on; `done` resolves when it is also removed
   * from memory and disk, and rejects when that fails.
   *
   * @throws EtcdError `futureRevision` or `compacted`
   */
  compact(revision: number): { readonly done: Promise<void> } {
    return { done: this.#compactor.start(revision) };
  }

  /**
   * Computes the answer of `etcdserverpb.Maintenance/HashKV` for `revision`; 0 means the current one.
   *
   * @throws EtcdError `futureRevision` or `compacted`
   */
  async hashKv(revision: number, client?: object): Promise<HashKvResult> {
    const { revision: currentRevision } = this;
    const { clock, counters } = this.state;
    const startedAt = clock.now();
    const { hash, compactRevision } = this.#hashes.find(revision) ?? (await hashHistory(this.state, revision, client));
    counters.hashSeconds.observe((clock.now() - startedAt) / 1000);
    return { hash, compactRevision, currentRevision };
  }

  /**
   * Hashes of the history that compactions removed, newest first; only the last few are remembered, and none unless
   * `hashCompactions` is set.
   */
  compactionHashes(): readonly KvHash[] {
    return this.#hashes.all();
  }

  /**
   * Changes from revision `low` on, as far as there are any yet, in whole revisions. It stops after the revision that
   * reaches `countMax` changes or some megabytes.
   *
   * @throws EtcdError `compacted` when `low` is below the compacted revision
   */
  changesFrom(low: number, countMax: number): Promise<StoredHistory> {
    return readHistory(this.state, low, countMax);
  }

  onChanges(listener: ChangeListener): void {
    this.#listeners.push(listener);
  }

  /** Like `onChanges`, for a listener that may take several turns; it is called after the plain listeners. */
  onChangesInSteps(teller: ChangeTeller): void {
    this.#tellers.push(teller);
  }

  /**
   * Continues from the state of `other` at once: a store that was opened on another backend and that has no other user.
   * Listeners stay, and are not told the changes in between.
   *
   * @returns resolves when the last reader of the previous state is done, so that its backend may be closed
   */
  async replaceWith(other: Store): Promise<void> {
    assert(!this.#writing, "a state is replaced between two writes");
    const [state, compactor, checkpointer] = [this.state, this.#compactor, this.#checkpointer];
    this.state = other.state;
    this.#compactor = other.#compactor;
    this.#hashes = other.#hashes;
    this.#checkpointer = other.#checkpointer;
    await checkpointer?.stop();
    await compactor.stop();
    await state.pins.releasedBelow(Number.POSITIVE_INFINITY, new AbortController().signal);
  }

  /** Stops the background work; the backend may be closed afterwards. */
  async close(): Promise<void> {
    await this.#checkpointer?.close();
    await this.#compactor.stop();
  }

  #endWrite(changes: ChangeList, budget: WorkBudget): Steps<void> | undefined {
    this.#writing = false;
    if (changes.length === 0) return undefined;
    const revision = ++this.state.revision;
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
