/** Numbers of an older record: its main revision, twice its sub (plus one for a tombstone), the bytes of its value. */
const recordLength = 3;

/** Receives a record that a compaction drops, and the bytes of its stored value. */
export type DropRecord = (main: number, sub: number, isTombstone: boolean, bytes: number) => void;

/**
 * The model of `KeyRecords`, an object for each key: its newest record in fields, older ones in an array that most keys
 * do not have.
 */
export class KeyEntry {
  /** Main revision of the newest record. */
  main: number;
  /** Number of the record among the changes of its revision. */
  sub: number;
  /** Main revision that began the current generation; 0 when the newest record is a tombstone. */
  createRevision: number;
  /** Number of puts in the current generation; 0 when the newest record is a tombstone. */
  version: number;
  /** Lease that the newest record names; 0 means none. */
  leaseId = 0n;
  /** Bytes of the newest record's value as it is stored. */
  bytes = 0;
  /** Older records in ascending order, `recordLength` numbers each. */
  #older: number[] | undefined = undefined;

  constructor(main: number, sub: number, createRevision: number, version: number) {
    this.main = main;
    this.sub = sub;
    this.createRevision = createRevision;
    this.version = version;
  }

  get alive(): boolean {
    return this.version > 0;
  }

  /** Adds a put at a revision above all others; it begins a generation when the key was deleted. */
  put(main: number, sub: number): void {
    this.#retire();
    if (this.version === 0) this.createRevision = main;
    this.version++;
    this.main = main;
    this.sub = sub;
  }

  /** Adds a delete at a revision above all others; the key must exist. */
  bury(main: number, sub: number): void {
    this.#retire();
    this.main = main;
    this.sub = sub;
    this.createRevision = 0;
    this.version = 0;
  }

  /**
   * Position, counted from the oldest, of the newest record with a main revision of at most `at`, if it is a put.
   * `this.olderCount` is the position of the newest record of all. -1 means that the key did not exist.
   */
  visibleAt(at: number): number {
    if (this.main <= at) return this.version > 0 ? this.olderCount : -1;
    const position = this.#lastAtMost(at);
    return position >= 0 && !this.#isTombstone(position) ? position : -1;
  }

  get olderCount(): number {
    return this.#older === undefined ? 0 : this.#older.length / recordLength;
  }

  mainAt(position: number): number {
    return position === this.olderCount ? this.main : (this.#older?.[recordLength * position] ?? 0);
  }

  subAt(position: number): number {
    return position === this.olderCount ? this.sub : Math.floor((this.#older?.[recordLength * position + 1] ?? 0) / 2);
  }

  /** Whether the index holds this record, that is, whether it is not compacted. */
  has(main: number, sub: number): boolean {
    if (main === this.main && sub === this.sub) return true;
    for (let position = this.#lastAtMost(main); position >= 0 && this.mainAt(position) === main; position--) {
      if (this.subAt(position) === sub) return true;
    }
    return false;
  }

  /**
   * Drops the records that no read at `revision` or later can see: all before the newest with main <= `revision`, and
   * that one, too, if it is a tombstone. A tombstone at `revision` itself stays: a watch may start there and must see
   * it.
   *
   * @param drop called for each dropped record, the oldest first
   * @returns "gone" when nothing is left, "kept" when a record at or below `revision` stays, otherwise "untouched"
   */
  compact(revision: number, drop: DropRecord): "gone" | "kept" | "untouched" {
    if (this.main <= revision) {
      this.#dropOlder(this.olderCount, drop);
      if (this.version > 0 || this.main === revision) return "kept";
      drop(this.main, this.sub, true, this.bytes);
      return "gone";
    }
    const newest = this.#lastAtMost(revision);
    if (newest < 0) return "untouched";
    const keep = !this.#isTombstone(newest) || this.mainAt(newest) === revision;
    this.#dropOlder(keep ? newest : newest + 1, drop);
    return keep ? "kept" : "untouched";
  }

  /** Drops all records at or below `revision`, the oldest first. @returns whether nothing is left */
  forget(revision: number, drop: DropRecord): boolean {
    if (this.main > revision) {
      this.#dropOlder(this.#lastAtMost(revision) + 1, drop);
      return false;
    }
    this.#dropOlder(this.olderCount, drop);
    drop(this.main, this.sub, this.version === 0, this.bytes);
    return true;
  }

  /** Drops the oldest `count` of the older records. */
  #dropOlder(count: number, drop: DropRecord): void {
    for (let position = 0; position < count; position++) {
      const bytes = this.#older?.[recordLength * position + 2] ?? 0;
      drop(this.mainAt(position), this.subAt(position), this.#isTombstone(position), bytes);
    }
    if (count > 0) this.#older = count < this.olderCount ? this.#older?.slice(recordLength * count) : undefined;
  }

  /** Moves the newest record to the older ones, before another record takes its fields. */
  #retire(): void {
    const mark = 2 * this.sub + (this.version === 0 ? 1 : 0);
    const older = this.#older;
    if (older === undefined) this.#older = [this.main, mark, this.bytes];
    else older.push(this.main, mark, this.bytes);
  }

  #isTombstone(position: number): boolean {
    return (this.#older?.[recordLength * position + 1] ?? 0) % 2 === 1;
  }

  /** Position of the last older record with main <= `at`; -1 when there is none. */
  #lastAtMost(at: number): number {
    const older = this.#older;
    if (older === undefined) return -1;
    let low = 0;
    let high = older.length / recordLength;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((older[recordLength * middle] ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
