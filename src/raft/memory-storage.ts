import { assert, emptyBytes } from "../base/index.js";
import { EntryWindow } from "./entry-window.js";
import { StorageError } from "./errors.js";
import { LogOutline, memoryOf } from "./log-outline.js";
import { ReadBack } from "./read-back.js";
import type { Storage } from "./storage.js";
import { type ConfState, type Entry, emptyConfState, type HardState, noNode, type Snapshot } from "./types.js";

/**
 * The stored log in memory, as the core reads it: the newest entries up to a bound in bytes, and the outline of all.
 * Its contents are lost at exit; the application stores the same entries on disk before it appends them here, fills
 * this storage when it starts again, and reads older entries back when the core asks for them.
 */
export class MemoryStorage implements Storage {
  readonly #bytesMax: number;
  #hardState: HardState = { term: 0, vote: noNode, commit: 0 };
  #snapshot: Snapshot = { metadata: { confState: emptyConfState, index: 0, term: 0 }, data: emptyBytes };
  /** All entries after the last compacted one. */
  #outline = new LogOutline({ index: 0, term: 0 });
  /** The last of these entries. */
  readonly #entries = new EntryWindow(1);
  #heldBytes = 0;
  readonly #readBack = new ReadBack();

  /**
   * @param bytesMax memory of the newest entries, of which at least one is kept; by default all entries are. What was
   *   read back from the disk takes no more than `readBackBytesMax` beside it.
   */
  constructor(bytesMax = Number.POSITIVE_INFINITY) {
    this.#bytesMax = bytesMax;
  }

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return { hardState: this.#hardState, confState: this.#snapshot.metadata.confState };
  }

  setHardState(state: HardState): void {
    this.#hardState = state;
  }

  entries(low: number, high: number, maxBytes: number): readonly Entry[] {
    if (low < this.#outline.first) throw new StorageError("compacted");
    assert(high <= this.#outline.end, "entries are read back up to the last one");
    if (low >= this.#entries.first) return this.#entries.slice(low, high, maxBytes);
    const page = this.#readBack.find(low);
    if (page === undefined) throw new StorageError("notInMemory");
    return page.slice(low, Math.min(high, page.end), maxBytes);
  }

  term(index: number): number {
    const entry = this.#entries.at(index);
    if (entry !== undefined) return entry.term;
    if (index < this.#outline.first - 1) throw new StorageError("compacted");
    if (index >= this.#outline.end) throw new StorageError("unavailable");
    return this.#outline.termAt(index);
  }

  hasConfChange(low: number, high: number): boolean {
    return this.#outline.hasConfChange(low, high);
  }

  firstIndex(): number {
    return this.#outline.first;
  }

  firstInMemory(): number {
    return this.#entries.first;
  }

  lastIndex(): number {
    return this.#outline.end - 1;
  }

  /** Approximate memory of the newest entries, in bytes. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Approximate memory that all entries would take, in bytes. */
  get logBytes(): number {
    return this.#outline.bytes;
  }

  /** Approximate memory that the entries behind `index` would take, in bytes. */
  bytesAfter(index: number): number {
    return this.#outline.bytesAfter(index);
  }

  /** As `LogOutline.firstWithin`. */
  firstWithin(bytesMax: number, end: number): number {
    return this.#outline.firstWithin(bytesMax, end);
  }

  snapshot(): Snapshot {
    return this.#snapshot;
  }

  /**
   * Replaces everything by a snapshot.
   *
   * @param before the entries up to the snapshot that are on disk; by default the log begins behind the snapshot
   * @throws StorageError `snapshotOutOfDate`
   */
  applySnapshot(snapshot: Snapshot, before?: LogOutline): void {
    const { index, term } = snapshot.metadata;
    const held = this.#snapshot.metadata.index;
    // A snapshot at index 0 only names the first configuration and covers nothing.
    if (held !== 0 && held >= index) throw new StorageError("snapshotOutOfDate");
    assert(before === undefined || before.end === index + 1, "the entries on disk lead up to the snapshot");
    this.#snapshot = snapshot;
    this.#outline = before ?? new LogOutline({ index, term });
    this.#entries.reset(index + 1);
    this.#readBack.clear();
    this.#heldBytes = 0;
  }

  /**
   * Creates the snapshot that `snapshot()` will return; the log stays.
   *
   * @param index an applied entry of the log
   * @param confState the configuration as of that entry; undefined when it is unchanged since the last snapshot
   * @throws StorageError `snapshotOutOfDate`
   */
  createSnapshot(index: number, confState: ConfState | undefined, data: Uint8Array): Snapshot {
    const last = this.#snapshot.metadata;
    if (index <= last.index) throw new StorageError("snapshotOutOfDate");
    assert(index <= this.lastIndex(), "a snapshot covers stored entries");
    const metadata = { confState: confState ?? last.confState, index, term: this.term(index) };
    this.#snapshot = { metadata, data };
    return this.#snapshot;
  }

  /**
   * Drops the entries up to and including `index`, which must be applied.
   *
   * @throws StorageError `compacted` when they have been dropped already
   */
  compact(index: number): void {
    if (index < this.#outline.first) throw new StorageError("compacted");
    assert(index <= this.lastIndex(), "the log is compacted up to a stored entry");
    this.#outline.compact(index);
    this.#readBack.dropBefore(index + 1);
    this.#dropBefore(index + 1);
  }

  /** Appends entries; they replace those from their first index on. Compacted ones among them are skipped. */
  append(entries: readonly Entry[]): void {
    const offered = entries[0];
    if (offered === undefined) return;
    const { first } = this.#outline;
    const fresh = offered.index < first ? entries.slice(first - offered.index) : entries;
    const start = fresh[0];
    if (start === undefined) return;
    assert(start.index <= this.#outline.end, "appended entries follow the log without a gap");
    if (start.index < this.#outline.end) this.#cutFrom(start.index);
    for (const entry of fresh) {
      this.#outline.add(entry);
      this.#heldBytes += memoryOf(entry);
    }
    this.#entries.push(fresh);
    this.#trim();
  }

  /**
   * Takes entries that the application has read back from the disk. Those that have been compacted or replaced
   * meanwhile are left out: entries with the same index and term are the same.
   */
  readBack(entries: readonly Entry[]): void {
    const { first, end } = this.#outline;
    const kept: Entry[] = [];
    for (const entry of entries) {
      if (entry.index < first) continue;
      if (entry.index >= end || this.#outline.termAt(entry.index) !== entry.term) break;
      kept.push(entry);
    }
    this.#readBack.add(kept);
  }

  #cutFrom(index: number): void {
    const held = this.#memoryBetween(Math.max(index, this.#entries.first), this.#entries.end);
    this.#heldBytes -= held;
    this.#outline.cutFrom(index, held);
    this.#readBack.cutFrom(index);
    if (index < this.#entries.first) this.#entries.reset(index);
    else this.#entries.truncate(index);
  }

  /** Drops the oldest entries beyond the bound. They are on disk. */
  #trim(): void {
    let index = this.#entries.first;
    const last = this.#entries.end - 1;
    for (let bytes = this.#heldBytes; bytes > this.#bytesMax && index < last; index++) {
      bytes -= this.#memoryBetween(index, index + 1);
    }
    this.#dropBefore(index);
  }

  #dropBefore(index: number): void {
    if (index <= this.#entries.first) return;
    this.#heldBytes -= this.#memoryBetween(this.#entries.first, index);
    this.#entries.dropBefore(index);
  }

  #memoryBetween(low: number, high: number): number {
    let bytes = 0;
    for (let index = low; index < high; index++) {
      const entry = this.#entries.at(index);
      if (entry !== undefined) bytes += memoryOf(entry);
    }
    return bytes;
  }
}
