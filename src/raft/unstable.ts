import { EntryWindow } from "./entry-window.js";
import type { RaftLogger } from "./logger.js";
import type { Entry, Snapshot } from "./types.js";

/**
 * The end of the log that is not known to be stored: possibly a received snapshot, then entries that are being written,
 * then entries that no Ready has carried yet.
 */
export class Unstable {
  readonly #entries: EntryWindow;
  readonly #logger: RaftLogger;
  /** Index after the last entry that is being written; `offset <= inProgressEnd <= end`. */
  #inProgressEnd: number;
  #snapshot: Snapshot | undefined;
  #snapshotInProgress = false;

  constructor(offset: number, logger: RaftLogger) {
    this.#entries = new EntryWindow(offset);
    this.#inProgressEnd = offset;
    this.#logger = logger;
  }

  /** Index of the first unstable entry: all entries before it are stored, or covered by the snapshot. */
  get offset(): number {
    return this.#entries.first;
  }

  get inProgressEnd(): number {
    return this.#inProgressEnd;
  }

  /** Index after the last entry; `offset` when there is none. */
  get end(): number {
    return this.#entries.end;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** The snapshot that is not stored yet, whether it is being written or not. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** The snapshot, if no Ready has carried it yet. */
  get nextSnapshot(): Snapshot | undefined {
    return this.#snapshotInProgress ? undefined : this.#snapshot;
  }

  /** Last index of the unstable part; undefined when it is empty and the storage's last index is valid. */
  get lastIndex(): number | undefined {
    return this.#entries.length > 0 ? this.#entries.end - 1 : this.#snapshot?.metadata.index;
  }

  /** Term at `index`, if the entry is unstable. */
  termAt(index: number): number | undefined {
    const entry = this.#entries.at(index);
    if (entry !== undefined) return entry.term;
    const metadata = this.#snapshot?.metadata;
    return metadata?.index === index ? metadata.term : undefined;
  }

  slice(low: number, high: number, maxBytes: number): Entry[] {
    return this.#entries.slice(low, high, maxBytes);
  }

  get hasNextEntries(): boolean {
    return this.#entries.end > this.#inProgressEnd;
  }

  /**
   * The entries that no Ready has carried yet: as many as fit into `maxBytes`, but at least one. They end before an
   * entry of `longBytes` or more that follows a shorter one.
   */
  nextEntries(maxBytes = Number.POSITIVE_INFINITY, longBytes = Number.POSITIVE_INFINITY): Entry[] {
    const entries = this.#entries.slice(this.#inProgressEnd, this.#entries.end, maxBytes);
    if (longBytes === Number.POSITIVE_INFINITY) return entries;
    const isLong = (at: number): boolean => (entries[at]?.data.length ?? 0) >= longBytes;
    for (let at = 1; at < entries.length; at++) if (isLong(at) && !isLong(at - 1)) return entries.slice(0, at);
    return entries;
  }

  /** Marks the snapshot and the next `count` entries (by default all) as being written. */
  acceptInProgress(count = this.#entries.end - this.#inProgressEnd): void {
    this.#inProgressEnd += count;
    if (this.#snapshot !== undefined) this.#snapshotInProgress = true;
  }

  /**
   * Records that entries up to (index, term) are stored. When the log was overwritten after the write began, the terms
   * differ, and the present entries still have to be written.
   */
  stableTo(index: number, term: number): void {
    const held = this.termAt(index);
    if (held === undefined) {
      this.#logger.info(() => `entry at index ${index} missing from unstable log; ignoring`);
    } else if (index < this.offset) {
      this.#logger.info(() => `entry at index ${index} matched unstable snapshot; ignoring`);
    } else if (held !== term) {
      const pair = `(index,term)=(${index},${term}) mismatched with entry at (${index},${held})`;
      this.#logger.info(() => `entry at ${pair} in unstable log; ignoring`);
    } else {
      this.#entries.dropBefore(index + 1);
      this.#inProgressEnd = Math.max(this.#inProgressEnd, this.offset);
    }
  }

  stableSnapshotTo(index: number): void {
    if (this.#snapshot?.metadata.index !== index) return;
    this.#snapshot = undefined;
    this.#snapshotInProgress = false;
  }

  /** Replaces the whole log by a snapshot. */
  restore(snapshot: Snapshot): void {
    this.#entries.reset(snapshot.metadata.index + 1);
    this.#inProgressEnd = this.#entries.first;
    this.#snapshot = snapshot;
    this.#snapshotInProgress = false;
  }

  /** Appends entries, which replace the present ones from `from`, their first index, on. */
  truncateAndAppend(from: number, entries: readonly Entry[]): void {
    if (from <= this.offset && this.end !== from) {
      this.#logger.info(() => `replace the unstable entries from index ${from}`);
      this.#entries.reset(from);
      this.#inProgressEnd = from;
    } else if (from < this.end) {
      this.#logger.info(() => `truncate the unstable entries before index ${from}`);
      this.#entries.truncate(from);
      // Only the writes under way before the cut still count.
      this.#inProgressEnd = Math.min(this.#inProgressEnd, from);
    }
    this.#entries.push(entries);
  }
}
