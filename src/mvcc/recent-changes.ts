import { type Change, changeBytes } from "./change.js";
import type { History } from "./history.js";

const bytesMax = 2 * 1024 * 1024;

interface RecentRevision {
  readonly changes: readonly Change[];
  readonly bytes: number;
}

/**
 * The newest revisions, in bounded memory. A watcher that lacks only these need not wait for the disk, so it catches up
 * even when writes follow each other fast.
 */
export class RecentChanges {
  /** Consecutive revisions; the first `#first` of them have been dropped. */
  #revisions: RecentRevision[] = [];
  readonly #countMax: number;
  #first = 0;
  #next: number;
  #count = 0;
  #bytes = 0;

  /**
   * @param revision the store's current revision
   * @param countMax the most changes to keep
   */
  constructor(revision: number, countMax: number) {
    this.#next = revision + 1;
    this.#countMax = countMax;
  }

  /** Drops everything; the store's revision is `revision` now. */
  restart(revision: number): void {
    this.#forget();
    this.#next = revision + 1;
  }

  /** Adds the changes of the next revision. */
  add(revision: Iterable<Change> & { readonly length: number }): void {
    this.#next++;
    // This revision is too large to keep, and the earlier ones are useless without it.
    if (revision.length > this.#countMax) {
      this.#forget();
      return;
    }
    const changes = [...revision];
    const bytes = changes.reduce((sum, change) => sum + changeBytes(change), 0);
    this.#revisions.push({ changes, bytes });
    this.#count += changes.length;
    this.#bytes += bytes;
    while (this.#count > this.#countMax || this.#bytes > bytesMax) this.#dropOldest();
    if (this.#first <= this.#countMax) return;
    this.#revisions = this.#revisions.slice(this.#first);
    this.#first = 0;
  }

  /** All changes from revision `low` on; undefined when some of them have been dropped. */
  from(low: number): History | undefined {
    const back = this.#next - low;
    if (back > this.#revisions.length - this.#first) return undefined;
    const changes = back > 0 ? this.#revisions.slice(-back).flatMap((revision) => revision.changes) : [];
    return { changes, through: this.#next - 1 };
  }

  #forget(): void {
    this.#revisions = [];
    this.#first = 0;
    this.#count = 0;
    this.#bytes = 0;
  }

  #dropOldest(): void {
    const oldest = this.#revisions[this.#first];
    if (oldest === undefined) return;
    this.#revisions[this.#first] = { changes: [], bytes: 0 };
    this.#first++;
    this.#count -= oldest.changes.length;
    this.#bytes -= oldest.bytes;
  }
}
