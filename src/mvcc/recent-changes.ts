import type { Change } from "./change.js";
import type { History } from "./history.js";

const bytesMax = 2 * 1024 * 1024;

interface RecentRevision {
  readonly changes: readonly Change[];
  readonly bytes: number;
}

/**
 * The newest revisions, as far as a bounded place holds them. Who is behind by these only need not wait for the disk,
 * and so catches up however fast writes follow each other.
 */
export class RecentChanges {
  /** One revision after the other, `#first` of them given up already. */
  #revisions: RecentRevision[] = [];
  readonly #countMax: number;
  #first = 0;
  #next: number;
  #count = 0;
  #bytes = 0;

  /** @param revision what the store is at */
  constructor(revision: number, countMax: number) {
    this.#next = revision + 1;
    this.#countMax = countMax;
  }

  /** Forgets everything; the store is at `revision` now. */
  restart(revision: number): void {
    this.#forget();
    this.#next = revision + 1;
  }

  /** Takes the changes of the next revision. */
  add(changes: readonly Change[]): void {
    this.#next++;
    // More than there is room for, and then nothing before it is of use either.
    if (changes.length > this.#countMax) {
      this.#forget();
      return;
    }
    const bytes = changes.reduce((sum, { kv, previous }) => sum + kv.length + (previous?.length ?? 0), 0);
    this.#revisions.push({ changes, bytes });
    this.#count += changes.length;
    this.#bytes += bytes;
    while (this.#count > this.#countMax || this.#bytes > bytesMax) this.#dropOldest();
    if (this.#first <= this.#countMax) return;
    this.#revisions = this.#revisions.slice(this.#first);
    this.#first = 0;
  }

  /** Everything from revision `low` on; undefined when some of it is not here any more. */
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
