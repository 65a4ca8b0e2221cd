import { readdirSync } from "node:fs";
import { DiskError, type LevelBatch, type LevelStore, openFailure, writeFailure } from "../backend/index.js";
import { AssertionFailure, assert, type Logger } from "../base/index.js";
import type { Entry, HardState, LogOutline, Snapshot, TermStarts } from "../raft/index.js";
import { broken } from "./broken.js";
import { emptyLogState, encodeLogState, type LogState, type Position, type WalMetadata } from "./log-state.js";
import type { RaftLog, WalChange } from "./raft-log.js";
import { readEntries } from "./read-entries.js";
import { decodeRun, type Run, runKey, type StoredRun, seal, sealRun, stateKey, unseal } from "./record.js";
import { type Recovered, recover } from "./recovery.js";
import { RunList, runsOf } from "./run-list.js";
import { SegmentList } from "./segment-list.js";
import { FileSegments, holdsLog } from "./segments.js";
import { purgeSnapshots, putSnapshot } from "./snapshots.js";

export interface WalOptions {
  readonly dir: string;
  readonly logger: Logger;
  /** The owner of the log; stored when the log has none yet. */
  readonly metadata?: WalMetadata;
  /** Skips the sync of saves: a machine crash may lose saved entries. Default false. */
  readonly unsafeNoSync?: boolean;
  /** Opens a LevelDB directory; tests pass a store whose disk fails. */
  readonly openStore?: (dir: string) => Promise<LevelStore>;
  /** Bytes of records after which a segment is full: 16 MiB by default, or no bound for stores of `openStore`. */
  readonly segmentBytes?: number;
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
  /** The entries up to the snapshot that the log can read back; by default it begins behind the snapshot. */
  readonly before?: LogOutline;
}

/**
 * Small enough to stay in the write buffer of its database, so that LevelDB never writes an entry a second time; large
 * enough that few are begun.
 */
const segmentBytesDefault = 16 * 1024 * 1024;

/** Bytes of memory for encoded runs: enough for an entry of the greatest usual length. */
const roomBytes = 2 * 1024 * 1024;

/**
 * The raft log of one member: entries, hard state and snapshots. When the promise of a `save` has resolved, the change
 * is on disk, synced. Data is checked when it is read back.
 */
export class Wal implements RaftLog {
  readonly readsBack = true;
  readonly #segments: SegmentList;
  readonly #sync: boolean;
  readonly #state: { -readonly [Field in keyof LogState]: LogState[Field] };
  readonly #terms: TermStarts;
  /** Runs in the newest segment, also those of compacted entries. */
  #runs: RunList;
  /** End of the queue of writes. They go one after the other: two at a time could reach the disk in either order. */
  #queue: Promise<void> = Promise.resolve();
  /** The error after which nothing more is written. */
  #failure: unknown;
  #closed = false;
  #bytesWritten = 0;
  /** Memory in which runs are encoded, one after the other; undefined until the first, and where a store keeps it. */
  #room: Buffer | undefined;

  private constructor(segments: SegmentList, sync: boolean, { state = emptyLogState, terms, runs }: Recovered) {
    this.#segments = segments;
    this.#sync = sync;
    this.#state = { ...state };
    this.#terms = terms;
    this.#runs = new RunList(runs);
  }

  /** Whether `dir` holds a log. */
  static exists(dir: string): boolean {
    try {
      return holdsLog(readdirSync(dir));
    } catch {
      return false; // there is no such directory
    }
  }

  /**
   * Opens the log in `dir`, or creates one if there is none, and reads it back. A torn write at its end is logged.
   *
   * @throws DiskError when the directory is in use, cannot be read or written, or its contents are damaged
   */
  static async open(options: WalOptions): Promise<OpenedWal> {
    const { dir, logger, openStore } = options;
    const folder = new FileSegments(dir, openStore);
    const bytesMax = options.segmentBytes ?? (openStore === undefined ? segmentBytesDefault : Number.POSITIVE_INFINITY);
    try {
      const recovered = await recover(folder, logger);
      const segments = new SegmentList(folder, bytesMax, recovered);
      try {
        return await Wal.#start(new Wal(segments, !options.unsafeNoSync, recovered), recovered, options);
      } catch (error) {
        await segments.close();
        throw error;
      }
    } catch (error) {
      throw error instanceof DiskError || error instanceof AssertionFailure ? error : openFailure(dir, error);
    }
  }

  static async #start(wal: Wal, recovered: Recovered, { logger, metadata: owner }: WalOptions): Promise<OpenedWal> {
    const { entries, before, snapshot, torn } = recovered;
    if (torn !== undefined) {
      logger.warn("removed an incomplete write, never acknowledged, from the end of the raft log", {
        index: wal.#state.batch.last + 1,
        file: torn.file,
        offset: torn.offset,
      });
    }
    await wal.#segments.tidy(recovered.unused, wal.#state);
    if (wal.#state.metadata === undefined) await wal.#begin(owner);
    const { metadata, hardState } = wal.#state;
    return { wal, metadata, hardState, snapshot, entries, before };
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
   * Drops all entries up to `index`, which a snapshot must cover. Segments that hold nothing else are removed, while
   * saves go on; other entries stay until their segment can be removed.
   */
  async compact(index: number): Promise<void> {
    await this.#write(() => {
      const { compacted, batch } = this.#state;
      assert(index <= batch.last, "what is compacted is in the log");
      if (index <= compacted.index) return false;
      this.#state.compacted = { index, term: this.#terms.at(index) };
      this.#terms.compact(this.#state.compacted);
      return true;
    });
    await this.#segments.removeUpTo(this.#state.compacted.index);
  }

  /** As `RaftLog.read`; a read also ends with its segment. Reads go one after the other, beside writes. */
  read(first: number, end: number, bytesMax: number): Promise<readonly Entry[]> {
    return this.#segments.read(first, async (store, segmentEnd) => {
      if (first <= this.#state.compacted.index || first >= end) return [];
      const found = await readEntries(store, first, Math.min(end - 1, segmentEnd), bytesMax);
      if (found.length === 0 && first > this.#state.compacted.index) throw broken(store, first, "it is missing");
      return found;
    });
  }

  /** Removes all snapshots but the newest `keep` (1 or more). */
  async purge(keep: number): Promise<void> {
    assert(keep >= 1, "the newest snapshot is kept");
    await this.#write(async (batch) => (await purgeSnapshots(this.#segments.store, batch, keep)) > 0);
  }

  /** Closes the log once all pending writes are done. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#queue;
    await this.#segments.close();
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
    this.#cutFrom(batch, first);
    let before: Position = { index: first - 1, term: this.#terms.at(first - 1) };
    for (const run of runsOf(entries)) {
      this.#putRun(batch, run, before.term);
      for (const entry of run) {
        assert(entry.index === before.index + 1, "entries follow each other");
        this.#terms.add(entry);
        before = entry;
      }
    }
    this.#state.batch = { first, last: before.index };
  }

  #putRun(batch: LevelBatch, entries: readonly Entry[], previousTerm: number): void {
    const first = entries[0]?.index ?? 0;
    const run = { first, last: first + entries.length - 1 };
    const key = runKey(run);
    if (this.#segments.store.copies) this.#room ??= Buffer.allocUnsafeSlow(roomBytes);
    const record = sealRun(key, entries, previousTerm, this.#room);
    this.#bytesWritten += record.length;
    this.#segments.put(batch, key, record);
    this.#runs.push(run);
  }

  #putSnapshot(batch: LevelBatch, snapshot: Snapshot): void {
    putSnapshot(batch, snapshot);
    const { index, term } = snapshot.metadata;
    const { compacted, batch: last } = this.#state;
    if (index <= compacted.index) return;
    if (index <= last.last && this.#terms.at(index) === term) return;
    this.#state.compacted = { index, term };
    this.#cutFrom(batch, index + 1);
    this.#terms.compact(this.#state.compacted);
    this.#state.batch = { first: index + 1, last: index };
  }

  /**
   * Removes the entries from `first` on. When a run of this segment holds earlier entries, too, these are stored again.
   * Earlier segments are not changed: the state says how far their entries belong to the log.
   */
  #cutFrom(batch: LevelBatch, first: number): void {
    for (let run = this.#runs.popFrom(first); run !== undefined; run = this.#runs.popFrom(first)) {
      batch.del(runKey(run));
      if (run.first >= first) continue;
      const { entries, previousTerm } = this.#readRun(run);
      this.#putRun(batch, entries.slice(0, first - run.first), previousTerm);
    }
    this.#terms.cutFrom(first);
    this.#segments.cutFrom(first);
    if (this.#state.inherited >= first) this.#state.inherited = first - 1;
  }

  #readRun(run: Run): StoredRun {
    const key = runKey(run);
    const { store } = this.#segments;
    const record = store.getSync(key);
    const body = record === undefined ? undefined : unseal(key, record);
    if (body === undefined) throw new DiskError(`the raft log in ${store.dir} is damaged at index ${run.first}`);
    return decodeRun(run, body);
  }

  /**
   * @param fill fills the batch and changes the state, which the batch includes; returns false when there is nothing to
   * write
   */
  #write(fill: (batch: LevelBatch) => Promise<boolean> | boolean): Promise<void> {
    if (this.#closed) return Promise.reject(new DiskError(`the raft log in ${this.#segments.store.dir} is closed`));
    const written = this.#queue.then(() => this.#writeNow(fill));
    // the caller gets the error from `written`, and so does every later write
    this.#queue = written.catch(() => undefined);
    return written;
  }

  async #writeNow(fill: (batch: LevelBatch) => Promise<boolean> | boolean): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      if (await this.#segments.advance(this.#state)) this.#runs = new RunList([]);
      const { store } = this.#segments;
      const batch = store.batch();
      this.#segments.begin(batch);
      if (!(await fill(batch))) return;
      this.#segments.put(batch, stateKey, seal(stateKey, encodeLogState(this.#state)));
      await batch.write({ sync: this.#sync }).catch((error: unknown) => {
        throw writeFailure(store.dir, error);
      });
      this.#segments.written(this.#state);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }
}
