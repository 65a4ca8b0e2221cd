import { assert, emptyBytes } from "../base/index.js";
import { EntryWindow } from "./entry-window.js";
import { StorageError } from "./errors.js";
import type { Storage } from "./storage.js";
import { type ConfState, type Entry, emptyConfState, type HardState, noNode, type Snapshot } from "./types.js";

/**
 * The stored log in memory, as the core reads it. Its contents are lost at exit; the application stores the same
 * entries on disk, and fills this storage when it starts again.
 */
export class MemoryStorage implements Storage {
  #hardState: HardState = { term: 0, vote: noNode, commit: 0 };
  #snapshot: Snapshot = { metadata: { confState: emptyConfState, index: 0, term: 0 }, data: emptyBytes };
  /** Entries after the last compacted one. */
  readonly #entries = new EntryWindow(1);
  /** Term of the last compacted entry, the one at `firstIndex - 1`. */
  #compactedTerm = 0;
  #heldBytes = 0;

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return { hardState: this.#hardState, confState: this.#snapshot.metadata.confState };
  }

  setHardState(state: HardState): void {
    this.#hardState = state;
  }

  entries(low: number, high: number, maxBytes: number): readonly Entry[] {
    if (low < this.#entries.first) throw new StorageError("compacted");
    assert(high <= this.#entries.end, "entries are read back up to the last one");
    return this.#entries.slice(low, high, maxBytes);
  }

  term(index: number): number {
    if (index === this.#entries.first - 1) return this.#compactedTerm;
    if (index < this.#entries.first) throw new StorageError("compacted");
    const entry = this.#entries.at(index);
    if (entry === undefined) throw new StorageError("unavailable");
    return entry.term;
  }

  firstIndex(): number {
    return this.#entries.first;
  }

  lastIndex(): number {
    return this.#entries.end - 1;
  }

  /** Approximate memory of all entries, in bytes. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * The lowest index such that the entries from there up to `end` take no more than `bytesMax`; `end + 1` when not even
   * one fits.
   */
  firstWithin(bytesMax: number, end: number): number {
    let index = end + 1;
    for (let bytes = 0; index > this.#entries.first; index--) {
      bytes += memoryOf(this.#entries.at(index - 1));
      if (bytes > bytesMax) break;
    }
    return index;
  }

  snapshot(): Snapshot {
    return this.#snapshot;
  }

  /**
   * Replaces everything by a received snapshot.
   *
   * @throws StorageError `snapshotOutOfDate`
   */
  applySnapshot(snapshot: Snapshot): void {
    const { index, term } = snapshot.metadata;
    const held = this.#snapshot.metadata.index;
    // A snapshot at index 0 only names the first configuration and covers nothing.
    if (held !== 0 && held >= index) throw new StorageError("snapshotOutOfDate");
    this.#snapshot = snapshot;
    this.#compactedTerm = term;
    this.#entries.reset(index + 1);
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
    if (index < this.#entries.first) throw new StorageError("compacted");
    assert(index <= this.lastIndex(), "the log is compacted up to a stored entry");
    this.#compactedTerm = this.term(index);
    this.#heldBytes -= this.#memoryBetween(this.#entries.first, index + 1);
    this.#entries.dropBefore(index + 1);
  }

  /** Appends entries; they replace those from their first index on. Compacted ones among them are skipped. */
  append(entries: readonly Entry[]): void {
    const offered = entries[0];
    if (offered === undefined) return;
    const first = this.#entries.first;
    const fresh = offered.index < first ? entries.slice(first - offered.index) : entries;
    const start = fresh[0];
    if (start === undefined) return;
    assert(start.index <= this.#entries.end, "appended entries follow the log without a gap");
    this.#heldBytes -= this.#memoryBetween(start.index, this.#entries.end);
    this.#entries.truncate(start.index);
    for (const entry of fresh) this.#heldBytes += memoryOf(entry);
    this.#entries.push(fresh);
  }

  #memoryBetween(low: number, high: number): number {
    let bytes = 0;
    for (let index = low; index < high; index++) bytes += memoryOf(this.#entries.at(index));
    return bytes;
  }
}

/** Approximate memory of an entry beside its data: its object, its slot in the list, the head of the data's array. */
const objectBytes = 200;

function memoryOf(entry: Entry | undefined): number {
  return objectBytes + (entry?.data.byteLength ?? 0);
}
