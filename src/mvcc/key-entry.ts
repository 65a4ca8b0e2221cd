/** Up to here, the array of older records is as long as it must be. */
const exactLength = 16;

/**
 * What the index knows of one key: its newest record in fields, older ones in an array that most keys do not have.
 * A record is a put or a tombstone; a generation is a run of puts up to its tombstone. Versions and creation of
 * older generations are not held: they stand in the stored values, and only the newest are needed to write.
 */
export class KeyEntry {
  /** Main revision of the newest record. */
  main: number;
  /** Its place among the changes of that revision. */
  sub: number;
  /** Main revision that began the living generation; 0 when the newest record is a tombstone. */
  createRevision: number;
  /** Puts in the living generation; 0 when the newest record is a tombstone. */
  version: number;
  /** The newest value as it is stored, when it is in memory. Belongs to `ValueCache`, as does `cacheState`. */
  value: Uint8Array | undefined = undefined;
  cacheState = 0;
  /** Older records, ascending, two numbers each: main, then sub doubled, plus one for a tombstone. */
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

  /** A put at a revision above all others; begins a generation when the key was deleted. */
  put(main: number, sub: number): void {
    this.#retire();
    if (this.version === 0) this.createRevision = main;
    this.version++;
    this.main = main;
    this.sub = sub;
  }

  /** A delete at a revision above all others, of a living key. */
  bury(main: number, sub: number): void {
    this.#retire();
    this.main = main;
    this.sub = sub;
    this.createRevision = 0;
    this.version = 0;
  }

  /**
   * The newest record with a main revision of at most `at`, when it is a put: its position from the oldest.
   * `position === this.olderCount` is the newest record of all. -1: the key was not there.
   */
  visibleAt(at: number): number {
    if (this.main <= at) return this.version > 0 ? this.olderCount : -1;
    const position = this.#lastAtMost(at);
    return position >= 0 && !this.#isTombstone(position) ? position : -1;
  }

  get olderCount(): number {
    return this.#older === undefined ? 0 : this.#older.length >>> 1;
  }

  mainAt(position: number): number {
    return position === this.olderCount ? this.main : (this.#older?.[2 * position] ?? 0);
  }

  subAt(position: number): number {
    return position === this.olderCount ? this.sub : Math.floor((this.#older?.[2 * position + 1] ?? 0) / 2);
  }

  /** Whether this record is in the index, that is, not compacted. */
  has(main: number, sub: number): boolean {
    if (main === this.main && sub === this.sub) return true;
    for (let position = this.#lastAtMost(main); position >= 0 && this.mainAt(position) === main; position--) {
      if (this.subAt(position) === sub) return true;
    }
    return false;
  }

  /**
   * Forgets what no read at `revision` or later can see: all records before the newest with main <= `revision`, and
   * that one too when it is a tombstone, unless it lies at `revision` itself: a watch may start there and must see it.
   *
   * @returns "gone" when nothing is left, "kept" when a record at or below `revision` stays, else "untouched"
   */
  compact(revision: number): "gone" | "kept" | "untouched" {
    if (this.main <= revision) {
      if (this.version === 0 && this.main < revision) return "gone";
      this.#older = undefined;
      return "kept";
    }
    const newest = this.#lastAtMost(revision);
    if (newest < 0) return "untouched";
    const keep = !this.#isTombstone(newest) || this.mainAt(newest) === revision;
    const from = keep ? newest : newest + 1;
    if (from > 0) this.#older = from < this.olderCount ? this.#older?.slice(2 * from) : undefined;
    return keep ? "kept" : "untouched";
  }

  /** Moves the newest record to the older ones, before another takes its fields. */
  #retire(): void {
    const mark = 2 * this.sub + (this.version === 0 ? 1 : 0);
    const older = this.#older;
    // A push sets places aside for more to come, which a usual key has no use for.
    if (older === undefined) this.#older = [this.main, mark];
    else if (older.length < exactLength) this.#older = older.concat(this.main, mark);
    else older.push(this.main, mark);
  }

  #isTombstone(position: number): boolean {
    return (this.#older?.[2 * position + 1] ?? 0) % 2 === 1;
  }

  /** Position of the last older record with main <= `at`; -1 when there is none. */
  #lastAtMost(at: number): number {
    const older = this.#older;
    if (older === undefined) return -1;
    let low = 0;
    let high = older.length >>> 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((older[2 * middle] ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
