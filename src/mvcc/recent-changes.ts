import { type Change, changeBytes } from "./change.js";
import type { History } from "./history.js";

const bytesMax = 2 * 1024 * 1024;

/**
 * The newest revisions, in bounded memory. A watcher that lacks only these need not wait for the disk, so it catches up
 * even when writes follow each other fast. What is kept here lives long enough to be moved by the garbage collector, so
 * there are no objects but the changes.
 */
export class RecentChanges {
  /** The changes of the revisions `[#low, #next)` in order, after `#dropped` places that are no longer used. */
  #changes: (Change | undefined)[] = [];
  #dropped = 0;
  readonly #countMax: number;
  #low: number;
  #next: number;
  #bytes = 0;

  /**
   * @param revision the store's current revision
   * @param countMax the most changes to keep
   */
  constructor(revision: number, countMax: number) {
    this.#low = revision + 1;
    this.#next = revision + 1;
    this.#countMax = countMax;
  }

  /** Drops everything; the store's revision is `revision` now. */
  restart(revision: number): void {
    this.#next = revision + 1;
    this.#forget();
  }

  /** Adds the changes of the next revision. */
  add(revision: Iterable<Change> & { readonly length: number }): void {
    this.#next++;
    // This revision is too large to keep, and the earlier ones are useless without it.
    if (revision.length > this.#countMax) {
      this.#forget();
      return;
    }
    for (const change of revision) {
      this.#changes.push(change);
      this.#bytes += changeBytes(change);
    }
    while (this.#changes.length - this.#dropped > this.#countMax || this.#bytes > bytesMax) this.#dropOldest();
    if (this.#dropped <= this.#countMax) return;
    this.#changes = this.#changes.slice(this.#dropped);
    this.#dropped = 0;
  }

  /** All changes from revision `low` on; undefined when some of them have been dropped. */
  from(low: number): History | undefined {
    if (low < this.#low) return undefined;
    const changes: Change[] = [];
    for (let at = this.#changes.length - 1; at >= this.#dropped; at--) {
      const change = this.#changes[at];
      if (change === undefined || change.modRevision < low) break;
      changes.push(change);
    }
    return { changes: changes.reverse(), through: this.#next - 1 };
  }

  #forget(): void {
    this.#changes = [];
    this.#dropped = 0;
    this.#low = this.#next;
    this.#bytes = 0;
  }

  /** Drops the changes of the oldest revision. */
  #dropOldest(): void {
    for (let oldest = this.#oldest; oldest?.modRevision === this.#low; oldest = this.#oldest) {
      this.#changes[this.#dropped++] = undefined;
      this.#bytes -= changeBytes(oldest);
    }
    this.#low++;
  }

  get #oldest(): Change | undefined {
    return this.#changes[this.#dropped];
  }
}
