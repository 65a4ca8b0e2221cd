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
import {
  decodeEntry,
  decodeMetadata,
  encodeEntry,
  encodeHardState,
  encodeMetadata,
  encodePair,
  entryIndex,
  entryKey,
  metaKeys,
  seal,
  unseal,
  type WalMetadata,
} from "./record.js";
import { checkLevelLog, type Position, readMeta, recover } from "./recovery.js";
import { purgeSnapshots, putSnapshot } from "./snapshots.js";

export interface WalOptions {
  readonly dir: string;
  readonly logger: Logger;
  /** Whose log this is; stored when the log has no owner yet. */
  readonly metadata?: WalMetadata;
  /** Opens the database below; another one in tests, whose disk fails. */
  readonly openStore?: (dir: string) => Promise<LevelStore>;
}

/** What a member finds when it starts. */
export interface OpenedWal {
  readonly wal: Wal;
  readonly metadata: WalMetadata | undefined;
  readonly hardState: HardState | undefined;
  /** The newest snapshot. */
  readonly snapshot: Snapshot | undefined;
  /** Every entry after the snapshot, or after the beginning. */
  readonly entries: readonly Entry[];
}

/** What one `Ready` has to have stored. */
export interface WalChange {
  readonly hardState?: HardState | undefined;
  /** They replace what the log holds from the first of them on. */
  readonly entries?: readonly Entry[];
  readonly snapshot?: Snapshot | undefined;
}

const tuning: LevelTuning = {
  cacheSize: 4 * 1024 * 1024,
  writeBufferSize: 8 * 1024 * 1024,
  blockSize: 16 * 1024,
  maxFileSize: 8 * 1024 * 1024,
  compression: true,
};

/** Entries dropped in one batch by a compaction. */
const dropsAtOnce = 1000;

const currentFormat = Buffer.of(1);

/**
 * The raft log of one member: entries, hard state and snapshots. What a promise of `save` resolved for is on disk,
 * synced; what is on disk is checked when it is read back.
 */
export class Wal {
  readonly #store: LevelStore;
  #last: Position;
  #compacted: Position;
  /** Entries below are gone from the disk; those up to `#compacted` may still be there. */
  #lowest: number;
  /** Writes go one after the other: two at a time could reach the disk in either order. */
  #queue: Promise<void> = Promise.resolve();
  /** Why nothing more is written. */
  #failure: unknown;
  #closed = false;

  private constructor(store: LevelStore, last: Position, compacted: Position, lowest: number) {
    this.#store = store;
    this.#last = last;
    this.#compacted = compacted;
    this.#lowest = lowest;
  }

  /** Whether a log was begun in `dir`. */
  static exists(dir: string): boolean {
    return existsSync(join(dir, "CURRENT"));
  }

  /**
   * Opens the log in `dir`, begins one if there is none, and reads it back. A broken tail is cut and logged.
   *
   * @throws DiskError when the directory is in use, cannot be read or written, or what it holds is damaged
   */
  static async open(options: WalOptions): Promise<OpenedWal> {
    const { dir, logger, openStore = (path: string) => openLevelStore(path, tuning) } = options;
    const torn = await checkLevelLog(dir);
    const store = await openStore(dir);
    try {
      const format = readMeta(store, metaKeys.format);
      if (format !== undefined && Buffer.compare(format, currentFormat) !== 0) {
        throw new DiskError(`the raft log in ${dir} was written by another version: its format is ${format[0]}, not 1`);
      }
      const { hardState, snapshot, compacted, entries } = await recover(store, logger);
      if (torn !== undefined) {
        const index = (entries.at(-1) ?? compacted).index + 1;
        logger.warn("cut a torn write off the raft log", { index, file: torn.file, offset: torn.offset });
      }
      const wal = new Wal(store, entries.at(-1) ?? compacted, compacted, await lowestEntry(store, compacted));
      const stored = readMeta(store, metaKeys.metadata);
      const metadata = stored === undefined ? options.metadata : decodeMetadata(stored);
      if (format === undefined || stored === undefined) await wal.#begin(metadata);
      const from = snapshot?.metadata.index ?? 0;
      return { wal, metadata, hardState, snapshot, entries: entries.filter((entry) => entry.index > from) };
    } catch (error) {
      await store.close();
      throw error instanceof DiskError || error instanceof AssertionFailure ? error : openFailure(dir, error);
    }
  }

  /**
   * Stores all of it or nothing; resolves when it is synced. A snapshot that the log does not lead up to (one that was
   * received) takes the place of the whole log.
   *
   * @throws DiskError (a rejection) when the disk refuses; the log takes nothing more then, and the member must stop
   */
  save(change: WalChange): Promise<void> {
    return this.#write((batch) => {
      const { hardState, entries = [], snapshot } = change;
      if (snapshot !== undefined) this.#putSnapshot(batch, snapshot);
      if (entries.length > 0) this.#putEntries(batch, entries);
      if (hardState === undefined) return snapshot !== undefined || entries.length > 0;
      assert(hardState.commit <= this.#last.index, "what is committed is in the log");
      batch.put(metaKeys.hardState, seal(metaKeys.hardState, encodeHardState(hardState)));
      return true;
    });
  }

  /** Drops all entries up to `index`, which a snapshot must cover; in bounded steps, between which others may save. */
  async compact(index: number): Promise<void> {
    await this.#write((batch) => {
      assert(index <= this.#last.index, "what is compacted is in the log");
      if (index <= this.#compacted.index) return false;
      this.#putCompacted(batch, { index, term: this.#termAt(index) });
      return true;
    });
    // From here on these entries are nothing to anybody; a crash leaves them for the next compaction.
    while (this.#lowest <= this.#compacted.index) {
      await this.#write((batch) => {
        const end = Math.min(this.#compacted.index + 1, this.#lowest + dropsAtOnce);
        for (; this.#lowest < end; this.#lowest++) batch.del(entryKey(this.#lowest));
        return true;
      });
    }
  }

  /** Removes all snapshots but the newest `keep` (1 or more). */
  async purge(keep: number): Promise<void> {
    assert(keep >= 1, "the newest snapshot is kept");
    await this.#write(async (batch) => (await purgeSnapshots(this.#store, batch, keep)) > 0);
  }

  /** Lets go of the directory, once everything asked for is written. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#queue;
    await this.#store.close();
  }

  #begin(metadata: WalMetadata | undefined): Promise<void> {
    return this.#write((batch) => {
      batch.put(metaKeys.format, seal(metaKeys.format, currentFormat));
      if (metadata !== undefined) batch.put(metaKeys.metadata, seal(metaKeys.metadata, encodeMetadata(metadata)));
      return true;
    });
  }

  #putEntries(batch: LevelBatch, entries: readonly Entry[]): void {
    const first = entries[0]?.index ?? 0;
    assert(first > this.#compacted.index && first <= this.#last.index + 1, "entries go on from what the log holds");
    const end = this.#last.index + 1;
    let before: Position = { index: first - 1, term: this.#termAt(first - 1) };
    for (const entry of entries) {
      assert(entry.index === before.index + 1, "entries follow each other");
      const key = entryKey(entry.index);
      batch.put(key, seal(key, encodeEntry(entry, before.term)));
      before = entry;
    }
    for (let index = before.index + 1; index < end; index++) batch.del(entryKey(index));
    this.#putLast(batch, first, before);
  }

  #putSnapshot(batch: LevelBatch, snapshot: Snapshot): void {
    putSnapshot(batch, snapshot);
    const { index, term } = snapshot.metadata;
    if (index <= this.#compacted.index) return;
    if (index <= this.#last.index && this.#termAt(index) === term) return;
    for (let stale = index + 1; stale <= this.#last.index; stale++) batch.del(entryKey(stale));
    this.#putCompacted(batch, { index, term });
    this.#putLast(batch, index + 1, { index, term });
  }

  #putLast(batch: LevelBatch, first: number, last: Position): void {
    this.#last = { index: last.index, term: last.term };
    batch.put(metaKeys.batch, seal(metaKeys.batch, encodePair(first, last.index)));
  }

  #putCompacted(batch: LevelBatch, position: Position): void {
    this.#compacted = position;
    batch.put(metaKeys.compacted, seal(metaKeys.compacted, encodePair(position.index, position.term)));
  }

  /** @param index of the last compacted entry, or of one that the log holds */
  #termAt(index: number): number {
    if (index === this.#last.index) return this.#last.term;
    if (index === this.#compacted.index) return this.#compacted.term;
    const key = entryKey(index);
    const record = this.#store.getSync(key);
    const body = record === undefined ? undefined : unseal(key, record);
    if (body === undefined) throw new DiskError(`the raft log in ${this.#store.dir} is damaged at index ${index}`);
    return decodeEntry(body).entry.term;
  }

  /** @param fill puts into the batch; false when there was nothing to put */
  #write(fill: (batch: LevelBatch) => Promise<boolean> | boolean): Promise<void> {
    if (this.#closed) return Promise.reject(new DiskError(`the raft log in ${this.#store.dir} is closed`));
    const written = this.#queue.then(() => this.#writeNow(fill));
    this.#queue = written.catch(() => undefined); // whoever asked hears of it, and so does everybody after
    return written;
  }

  async #writeNow(fill: (batch: LevelBatch) => Promise<boolean> | boolean): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      const batch = this.#store.batch();
      if (!(await fill(batch))) return;
      await batch.write({ sync: true }).catch((error: unknown) => {
        throw writeFailure(this.#store.dir, error);
      });
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }
}

/** The first entry on disk, those included that a compaction has not come to. */
async function lowestEntry(store: LevelStore, compacted: Position): Promise<number> {
  const iterator = store.iterate(entryKey(0), entryKey(Number.MAX_SAFE_INTEGER));
  try {
    const [row] = await iterator.nextv(1);
    const index = row === undefined ? undefined : entryIndex(row[0]);
    return index ?? compacted.index + 1;
  } finally {
    await iterator.close();
  }
}
