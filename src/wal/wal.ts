import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  DiskError,
  type LevelBatch,
  type LevelStore,
  type LevelTuning,
  openFailure,
  openLevelStore,
  writeFailure,
} from "../backend/index.js";
import { AssertionFailure, assert, type Logger } from "../base/index.js";
import type { Entry, HardState, Snapshot } from "../raft/index.js";
import { emptyLogState, encodeLogState, type LogState, type Position, type WalMetadata } from "./log-state.js";
import type { RaftLog, WalChange } from "./raft-log.js";
import { decodeRun, type Run, runKey, type StoredRun, seal, sealRun, stateKey, unseal } from "./record.js";
import { checkLevelFiles, type Recovered, recover } from "./recovery.js";
import { RunList, runsOf } from "./run-list.js";
import { purgeSnapshots, putSnapshot } from "./snapshots.js";

export interface WalOptions {
  readonly dir: string;
  readonly logger: Logger;
  /** The owner of the log; stored when the log has none yet. */
  readonly metadata?: WalMetadata;
  /** Skips the sync of saves: a machine crash may lose saved entries. Default false. */
  readonly unsafeNoSync?: boolean;
  /** Opens the LevelDB directory; tests pass a store whose disk fails. */
  readonly openStore?: (dir: string) => Promise<LevelStore>;
}

/** Contents of the log when a member starts. */
export interface OpenedWal {
  readonly wal: RaftLog;
  readonly metadata: WalMetadata | undefined;
  readonly hardState: HardState | undefined;
  /** The newest snapshot. */
  readonly snapshot: Snapshot | undefined;
  /** Every entry after the snapshot; all entries when there is no snapshot. */
  readonly entries: readonly Entry[];
}

const tuning: LevelTuning = {
  cacheSize: 4 * 1024 * 1024,
  writeBufferSize: 8 * 1024 * 1024,
  blockSize: 16 * 1024,
  maxFileSize: 8 * 1024 * 1024,
  // The check of the tables at the start reads their index uncompressed.
  compression: false,
};

/** The most runs that a compaction drops in one batch. */
const dropsAtOnce = 1000;

/**
 * The raft log of one member: entries, hard state and snapshots. When the promise of a `save` has resolved, the change
 * is on disk, synced. Data is checked when it is read back.
 */
export class Wal implements RaftLog {
  readonly #store: LevelStore;
  readonly #sync: boolean;
  readonly #state: { -readonly [Field in keyof LogState]: LogState[Field] };
  /** Term of the last entry, or of the compacted one when there is no entry. */
  #lastTerm: number;
  /** Runs on disk. Those that end at the compacted entry or before are being removed. */
  readonly #runs: RunList;
  /** End of the queue of writes. They go one after the other: two at a time could reach the disk in either order. */
  #queue: Promise<void> = Promise.resolve();
  /** The error after which nothing more is written. */
  #failure: unknown;
  #closed = false;
  #bytesWritten = 0;

  private constructor(store: LevelStore, sync: boolean, { state = emptyLogState, entries, runs }: Recovered) {
    this.#store = store;
    this.#sync = sync;
    this.#state = { ...state };
    this.#lastTerm = entries.at(-1)?.term ?? state.compacted.term;
    this.#runs = new RunList(runs);
  }

  /** Whether `dir` holds a log. */
  static exists(dir: string): boolean {
    return existsSync(join(dir, "CURRENT"));
  }

  /**
   * Opens the log in `dir`, or creates one if there is none, and reads it back. A torn write at its end is logged.
   *
   * @throws DiskError when the directory is in use, cannot be read or written, or its contents are damaged
   */
  static async open(options: WalOptions): Promise<OpenedWal> {
    const { dir, logger, openStore = (path: string) => openLevelStore(path, tuning) } = options;
    const torn = await checkLevelFiles(dir);
    const store = await openStore(dir);
    try {
      const recovered = await recover(store, logger);
      const wal = new Wal(store, !options.unsafeNoSync, recovered);
      if (torn !== undefined) {
        const index = wal.#state.batch.last + 1;
        logger.warn("removed an incomplete write, never acknowledged, from the end of the raft log", {
          index,
          file: torn.file,
          offset: torn.offset,
        });
      }
      if (wal.#state.metadata === undefined) await wal.#begin(options.metadata);
      const { metadata, hardState } = wal.#state;
      const { snapshot } = recovered;
      const from = snapshot?.metadata.index ?? 0;
      return { wal, metadata, hardState, snapshot, entries: recovered.entries.filter(({ index }) => index > from) };
    } catch (error) {
      await store.close();
      throw error instanceof DiskError || error instanceof AssertionFailure ? error : openFailure(dir, error);
    }
  }

  /** Bytes of entries stored since the log was opened. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /**
   * Stores the whole change or nothing; resolves when it is synced. A received snapshot, which the log does not lead up
   * to, replaces the whole log.
   *
   * @throws DiskError (a rejection) when the disk refuses; the log accepts nothing more then, and the member must stop
   */
  save(change: WalChange): Promise<void> {
    return this.#write((batch) => {
      const { hardState, entries = [], snapshot } = change;
      if (snapshot !== undefined) this.#putSnapshot(batch, snapshot);
      if (entries.length > 0) this.#putEntries(batch, entries);
      if (hardState !== undefined) this.#state.hardState = hardState;
      assert((hardState?.commit ?? 0) <= this.#state.batch.last, "what is committed is in the log");
      return hardState !== undefined || snapshot !== undefined || entries.length > 0;
    });
  }

  /**
   * Drops all entries up to `index`, which a snapshot must cover. The removal takes bounded steps; saves may run
   * between them.
   */
  async compact(index: number): Promise<void> {
    await this.#write(() => {
      const { compacted, batch } = this.#state;
      assert(index <= batch.last, "what is compacted is in the log");
      if (index <= compacted.index) return false;
      this.#state.compacted = { index, term: this.#termAt(index) };
      return true;
    });
    // The entries are unreachable from now on. If a crash leaves some on disk, the next compaction removes them.
    let dropped: number;
    do {
      dropped = 0;
      await this.#write((batch) => {
        const runs = this.#runs.shiftUpTo(this.#state.compacted.index, dropsAtOnce);
        for (const run of runs) batch.del(runKey(run));
        dropped = runs.length;
        return dropped > 0;
      });
    } while (dropped === dropsAtOnce);
  }

  /** Removes all snapshots but the newest `keep` (1 or more). */
  async purge(keep: number): Promise<void> {
    assert(keep >= 1, "the newest snapshot is kept");
    await this.#write(async (batch) => (await purgeSnapshots(this.#store, batch, keep)) > 0);
  }

  /** Closes the log once all pending writes are done. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#queue;
    await this.#store.close();
  }

  #begin(metadata: WalMetadata | undefined): Promise<void> {
    return this.#write(() => {
      this.#state.metadata = metadata;
      return true;
    });
  }

  #putEntries(batch: LevelBatch, entries: readonly Entry[]): void {
    const first = entries[0]?.index ?? 0;
    const { compacted, batch: last } = this.#state;
    assert(first > compacted.index && first <= last.last + 1, "entries go on from what the log holds");
    const previousTerm = this.#termAt(first - 1);
    this.#cutFrom(batch, first);
    let before: Position = { index: first - 1, term: previousTerm };
    for (const run of runsOf(entries)) {
      this.#putRun(batch, run, before.term);
      for (const entry of run) {
        assert(entry.index === before.index + 1, "entries follow each other");
        before = entry;
      }
    }
    this.#endAt(first, before);
  }

  #putRun(batch: LevelBatch, entries: readonly Entry[], previousTerm: number): void {
    const first = entries[0]?.index ?? 0;
    const run = { first, last: first + entries.length - 1 };
    const key = runKey(run);
    const record = sealRun(key, entries, previousTerm);
    this.#bytesWritten += record.length;
    batch.put(key, record);
    this.#runs.push(run);
  }

  #putSnapshot(batch: LevelBatch, snapshot: Snapshot): void {
    putSnapshot(batch, snapshot);
    const { index, term } = snapshot.metadata;
    if (index <= this.#state.compacted.index) return;
    if (index <= this.#state.batch.last && this.#termAt(index) === term) return;
    this.#state.compacted = { index, term };
    this.#cutFrom(batch, index + 1);
    this.#endAt(index + 1, { index, term });
  }

  /** Removes the entries from `first` on. When a run holds earlier entries, too, these are stored again. */
  #cutFrom(batch: LevelBatch, first: number): void {
    for (let run = this.#runs.popFrom(first); run !== undefined; run = this.#runs.popFrom(first)) {
      batch.del(runKey(run));
      if (run.first >= first) continue;
      const { entries, previousTerm } = this.#readRun(run);
      this.#putRun(batch, entries.slice(0, first - run.first), previousTerm);
    }
  }

  /** Sets `last` as the end of the log. */
  #endAt(first: number, last: Position): void {
    this.#state.batch = { first, last: last.index };
    this.#lastTerm = last.term;
  }

  /** @param index of the last compacted entry, or of one that the log holds */
  #termAt(index: number): number {
    const { compacted, batch } = this.#state;
    if (index === batch.last) return this.#lastTerm;
    if (index === compacted.index) return compacted.term;
    const run = this.#runs.holding(index);
    const entry = run && this.#readRun(run).entries[index - run.first];
    assert(entry !== undefined, "the log holds every entry between its ends");
    return entry.term;
  }

  #readRun(run: Run): StoredRun {
    const key = runKey(run);
    const record = this.#store.getSync(key);
    const body = record === undefined ? undefined : unseal(key, record);
    if (body === undefined) throw new DiskError(`the raft log in ${this.#store.dir} is damaged at index ${run.first}`);
    return decodeRun(run, body);
  }

  /**
   * @param fill fills the batch and changes the state, which the batch includes; returns false when there is nothing to
   * write
   */
  #write(fill: (batch: LevelBatch) => Promise<boolean> | boolean): Promise<void> {
    if (this.#closed) return Promise.reject(new DiskError(`the raft log in ${this.#store.dir} is closed`));
    const written = this.#queue.then(() => this.#writeNow(fill));
    // the caller gets the error from `written`, and so does every later write
    this.#queue = written.catch(() => undefined);
    return written;
  }

  async #writeNow(fill: (batch: LevelBatch) => Promise<boolean> | boolean): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      const batch = this.#store.batch();
      if (!(await fill(batch))) return;
      batch.put(stateKey, seal(stateKey, encodeLogState(this.#state)));
      await batch.write({ sync: this.#sync }).catch((error: unknown) => {
        throw writeFailure(this.#store.dir, error);
      });
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }
}
