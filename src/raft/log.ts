import { AssertionFailure } from "../base/index.js";
import { entriesSize } from "./entry-size.js";
import { StorageError } from "./errors.js";
import type { RaftLogger } from "./logger.js";
import type { Storage } from "./storage.js";
import type { Entry, Snapshot } from "./types.js";
import { Unstable } from "./unstable.js";

/** Identifies an entry: each term has one leader, which never creates two entries with the same index. */
export interface EntryId {
  readonly term: number;
  readonly index: number;
}

/** Why the log does not return entries: they are gone, or the owner of the node has to read them from the disk. */
export type NoEntries = "compacted" | "notInMemory";

/**
 * The log of one node: the stored part, followed by the unstored one. Three indexes move up along it, never down:
 * `applied <= applying <= committed <= lastIndex`.
 */
export class RaftLog {
  readonly unstable: Unstable;
  readonly #storage: Storage;
  readonly #logger: RaftLogger;
  /** Index of the last entry known to be stored by a quorum. */
  #committed: number;
  /** Index of the last entry handed out to be applied. */
  #applying: number;
  /** Index of the last entry reported as applied. */
  #applied: number;
  /** Index of a snapshot that has replaced the log and whose state is not applied yet; 0 when there is none. */
  #restoring = 0;

  /** When the entries between `applied` and `applying` reach this many bytes, no more are handed out for now. */
  readonly maxApplyingBytes: number;
  #applyingBytes = 0;
  #applyingPaused = false;
  /** The next entry to apply is on disk only, at this index; undefined when none is awaited. */
  #awaited: number | undefined;

  constructor(storage: Storage, logger: RaftLogger, maxApplyingBytes: number) {
    this.#storage = storage;
    this.#logger = logger;
    // With less than one byte, applying would stop for good; one byte means one entry at a time.
    this.maxApplyingBytes = Math.max(1, maxApplyingBytes);
    this.unstable = new Unstable(storage.lastIndex() + 1, logger);
    const compacted = storage.firstIndex() - 1;
    this.#committed = compacted;
    this.#applying = compacted;
    this.#applied = compacted;
  }

  get committed(): number {
    return this.#committed;
  }

  get applying(): number {
    return this.#applying;
  }

  get applied(): number {
    return this.#applied;
  }

  /** The application has not replaced its state by that of a snapshot yet. */
  get awaitsState(): boolean {
    return this.#restoring > 0;
  }

  get firstIndex(): number {
    const snapshot = this.unstable.snapshot;
    return snapshot === undefined ? this.#storage.firstIndex() : snapshot.metadata.index + 1;
  }

  get lastIndex(): number {
    return this.unstable.lastIndex ?? this.#storage.lastIndex();
  }

  /** Snapshot to send to a follower that is too far behind. */
  get snapshot(): Snapshot {
    return this.unstable.snapshot ?? this.#storage.snapshot();
  }

  lastEntryId(): EntryId {
    const index = this.lastIndex;
    const term = this.termAt(index);
    if (term === undefined) return this.#fail(`unexpected error when getting the last term at ${index}`);
    return { term, index };
  }

  /**
   * Term of the entry at `index`; undefined when it lies beyond either end of the log. That of the last compacted entry
   * is known.
   */
  termAt(index: number): number | undefined {
    const fresh = this.unstable.termAt(index);
    if (fresh !== undefined) return fresh;
    if (index + 1 < this.firstIndex || index > this.lastIndex) return undefined;
    try {
      return this.#storage.term(index);
    } catch (error) {
      if (error instanceof StorageError) return undefined;
      throw error;
    }
  }

  matches(id: EntryId): boolean {
    return this.termAt(id.index) === id.term;
  }

  /** Whether a log that ends with `last` holds every entry that may be committed here (paper, 5.4.1). */
  isUpToDate(last: EntryId): boolean {
    const own = this.lastEntryId();
    return last.term > own.term || (last.term === own.term && last.index >= own.index);
  }

  /** Appends entries at the leader. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    if (first.index <= this.#committed) {
      this.#fail(`after(${first.index - 1}) is out of range [committed(${this.#committed})]`);
    }
    this.unstable.truncateAndAppend(first.index, entries);
  }

  /**
   * Appends entries at a follower: when its log holds `previous`, the entries after it are stored, replacing those that
   * contradict them. Existing equal entries stay, and so do entries behind them: the message may be an old one.
   *
   * @returns the last index that now equals the leader's; undefined when `previous` is missing
   */
  follow(previous: EntryId, entries: readonly Entry[], leaderCommit: number): number | undefined {
    if (!this.matches(previous)) return undefined;
    const last = previous.index + entries.length;
    const conflict = this.#findConflict(entries);
    if (conflict !== undefined) {
      if (conflict <= this.#committed) {
        this.#fail(`entry ${conflict} conflict with committed entry [committed(${this.#committed})]`);
      }
      this.append(entries.slice(conflict - previous.index - 1));
    }
    this.commitTo(Math.min(leaderCommit, last));
    return last;
  }

  /** Index of the first entry that is missing here or has another term. */
  #findConflict(entries: readonly Entry[]): number | undefined {
    for (const entry of entries) {
      const held = this.termAt(entry.index);
      if (held === entry.term) continue;
      if (entry.index <= this.lastIndex) {
        const terms = `[existing term: ${held ?? 0}, conflicting term: ${entry.term}]`;
        this.#logger.info(() => `found conflict at index ${entry.index} ${terms}`);
      }
      return entry.index;
    }
    return undefined;
  }

  /**
   * The last position at or before `index` whose term is at most `term`: the furthest that the other log can match,
   * given that it has `term` at `index`. Where our terms are no longer known a match is possible, and the returned term
   * is 0.
   */
  findConflictByTerm(index: number, term: number): EntryId {
    for (let at = index; at > 0; at--) {
      const held = this.termAt(at);
      if (held === undefined) return { term: 0, index: at };
      if (held <= term) return { term: held, index: at };
    }
    return { term: 0, index: 0 };
  }

  commitTo(index: number): void {
    if (index <= this.#committed) return;
    const last = this.lastIndex;
    if (index > last) {
      const fact = `tocommit(${index}) is out of range [lastIndex(${last})]`;
      this.#fail(`${fact}. Was the raft log corrupted, truncated, or lost?`);
    }
    this.#committed = index;
  }

  /** Restores the stored commit index. */
  restoreCommit(index: number): void {
    this.#committed = index;
  }

  /** Records that the application has applied the log up to `index`; `bytes` of the entries handed out are done. */
  appliedTo(index: number, bytes: number): void {
    if (index > this.#committed || index < this.#applied) {
      const range = `[prevApplied(${this.#applied}), committed(${this.#committed})]`;
      this.#fail(`applied(${index}) is out of range ${range}`);
    }
    this.#applied = index;
    this.#applying = Math.max(this.#applying, index);
    if (index >= this.#restoring) this.#restoring = 0;
    this.#applyingBytes = Math.max(0, this.#applyingBytes - bytes);
    this.#applyingPaused = this.#applyingBytes >= this.maxApplyingBytes;
  }

  /**
   * Records that entries up to `index` were handed out. Pauses when they fill the limit, or the next one would exceed
   * it.
   */
  acceptApplying(index: number, bytes: number, allowUnstable: boolean): void {
    if (index > this.#committed) {
      const range = `[prevApplying(${this.#applying}), committed(${this.#committed})]`;
      this.#fail(`applying(${index}) is out of range ${range}`);
    }
    this.#applying = index;
    this.#applyingBytes += bytes;
    this.#applyingPaused = this.#applyingBytes >= this.maxApplyingBytes || index < this.#appliableIndex(allowUnstable);
  }

  hasNextCommitted(allowUnstable: boolean): boolean {
    // A snapshot must be applied first and alone, since its order relative to entries would be unclear.
    if (this.#applyingPaused || this.awaitsState || this.#awaited !== undefined) return false;
    return this.#applying < this.#appliableIndex(allowUnstable);
  }

  /**
   * The committed entries to apply next, within the limit. When they are on disk only, there are none until
   * `entriesRead` is called with the index of the first of them, which is added to `reads`.
   */
  nextCommitted(allowUnstable: boolean, reads: number[]): readonly Entry[] {
    if (!this.hasNextCommitted(allowUnstable)) return [];
    const room = this.maxApplyingBytes - this.#applyingBytes;
    const low = this.#applying + 1;
    const entries = this.#slice(low, this.#appliableIndex(allowUnstable) + 1, room);
    if (entries === "compacted") return this.#fail("unexpected error when getting unapplied entries");
    if (entries !== "notInMemory") return entries;
    this.#awaited = low;
    reads.push(low);
    return [];
  }

  /** The owner has read entries from `index` on. */
  entriesRead(index: number): void {
    if (this.#awaited === index) this.#awaited = undefined;
  }

  /**
   * The last index that may be applied. With `allowUnstable`, entries that are being written count; entries that no
   * Ready has carried yet never do.
   */
  #appliableIndex(allowUnstable: boolean): number {
    const { offset, inProgressEnd } = this.unstable;
    return Math.min(this.#committed, (allowUnstable ? inProgressEnd : offset) - 1);
  }

  /** Entries from `index` on, to be sent. */
  entriesFrom(index: number, maxBytes: number): readonly Entry[] | NoEntries {
    const end = this.lastIndex + 1;
    return index >= end ? [] : this.#slice(index, end, maxBytes);
  }

  /** Index of the first entry whose data is in memory, as all behind it. */
  get firstInMemory(): number {
    return this.unstable.snapshot === undefined ? this.#storage.firstInMemory() : this.unstable.offset;
  }

  /** Whether an entry in `[low, high)`, which the log has, changes the configuration. */
  hasConfChange(low: number, high: number): boolean {
    const { offset } = this.unstable;
    if (low < offset && this.#storage.hasConfChange(low, Math.min(high, offset))) return true;
    const fresh = Math.max(low, offset);
    const changes = ({ type }: Entry): boolean => type !== "EntryNormal";
    return fresh < high && this.unstable.slice(fresh, high, Number.POSITIVE_INFINITY).some(changes);
  }

  restore(snapshot: Snapshot): void {
    const { index, term } = snapshot.metadata;
    this.#logger.info(() => `log [${this}] starts to restore snapshot [index: ${index}, term: ${term}]`);
    this.#committed = index;
    this.#restoring = index;
    this.unstable.restore(snapshot);
  }

  #slice(low: number, high: number, maxBytes: number): readonly Entry[] | NoEntries {
    if (low < this.firstIndex) return "compacted";
    const { offset } = this.unstable;
    if (low >= offset) return this.unstable.slice(low, high, maxBytes);

    const cut = Math.min(high, offset);
    const stored = this.#storedSlice(low, cut, maxBytes);
    if (typeof stored === "string" || high <= offset || stored.length < cut - low) return stored;
    const room = maxBytes - entriesSize(stored);
    if (room <= 0) return stored;
    const fresh = this.unstable.slice(offset, high, room);
    // A slice holds at least one entry, but this one is not the first of the result.
    return fresh.length === 1 && entriesSize(fresh) > room ? stored : stored.concat(fresh);
  }

  #storedSlice(low: number, high: number, maxBytes: number): readonly Entry[] | NoEntries {
    try {
      return this.#storage.entries(low, high, maxBytes);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (error.kind === "compacted" || error.kind === "notInMemory") return error.kind;
      throw error;
    }
  }

  #fail(line: string): never {
    this.#logger.fatal(() => line);
    throw new AssertionFailure(line);
  }

  toString(): string {
    const marks = `committed=${this.#committed}, applied=${this.#applied}, applying=${this.#applying}`;
    const { offset, inProgressEnd, length } = this.unstable;
    const fresh = `unstable.offset=${offset}, unstable.offsetInProgress=${inProgressEnd}`;
    return `${marks}, ${fresh}, len(unstable.Entries)=${length}`;
  }
}
