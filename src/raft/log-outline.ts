import { assert } from "../base/index.js";
import { TermStarts } from "./term-starts.js";
import type { Entry } from "./types.js";

/** Bytes of entries between two places of the log whose distance from its beginning is known. */
const markBytes = 256 * 1024;

/** Approximate memory of an entry beside its data: its object, its slot in the list, the head of the data's array. */
const objectBytes = 200;

/** Approximate memory of an entry, in bytes. */
export function memoryOf({ data }: Pick<Entry, "data">): number {
  return objectBytes + data.byteLength;
}

/** All entries before `index` take `bytes`, counted from any beginning. */
interface Mark {
  readonly index: number;
  readonly bytes: number;
}

/**
 * The outline of a stored log. It is in memory also for entries whose data is on disk only: the term of each entry,
 * whether it changes the configuration, and about how many bytes lie before it. It takes some bytes for each term, each
 * conf change, and each 256 KiB of entries.
 */
export class LogOutline {
  readonly #terms: TermStarts;
  #first: number;
  #end: number;
  /** Indexes of the entries that change the configuration, in order. */
  #confChanges: number[] = [];
  /** In order. While the log has entries, the first mark is at the first of them. */
  #marks: Mark[] = [];
  #bytesEnd = 0;

  /** @param compacted the position before the first entry */
  constructor(compacted: { readonly index: number; readonly term: number }) {
    this.#terms = new TermStarts(compacted);
    this.#first = compacted.index + 1;
    this.#end = this.#first;
  }

  /** Index of the first entry, or of the next one when there is none. */
  get first(): number {
    return this.#first;
  }

  /** Index behind the last entry. */
  get end(): number {
    return this.#end;
  }

  /** Memory that all entries would take, about `markBytes` more or less. */
  get bytes(): number {
    return this.#bytesEnd - (this.#marks[0]?.bytes ?? this.#bytesEnd);
  }

  /** Memory that the entries behind `index` would take, about `markBytes` more or less. */
  bytesAfter(index: number): number {
    return this.#bytesEnd - this.#bytesBefore(index + 1);
  }

  /** Adds the entry behind the last one. */
  add(entry: Entry): void {
    assert(entry.index === this.#end, "an entry follows the last one");
    this.#terms.add(entry);
    if (entry.type !== "EntryNormal") this.#confChanges.push(entry.index);
    const last = this.#marks.at(-1);
    if (last === undefined || this.#bytesEnd - last.bytes >= markBytes) {
      this.#marks.push({ index: entry.index, bytes: this.#bytesEnd });
    }
    this.#bytesEnd += memoryOf(entry);
    this.#end++;
  }

  /**
   * Forgets the entries from `index` on.
   *
   * @param bytes the memory of these entries, as far as it is known
   */
  cutFrom(index: number, bytes: number): void {
    if (index >= this.#end) return;
    this.#terms.cutFrom(index);
    this.#end = index;
    while ((this.#confChanges.at(-1) ?? 0) >= index) this.#confChanges.pop();
    this.#bytesEnd -= bytes;
    for (let last = this.#marks.at(-1); last !== undefined && last.index >= index; last = this.#marks.at(-1)) {
      this.#marks.pop();
      this.#bytesEnd = Math.min(this.#bytesEnd, last.bytes);
    }
    this.#bytesEnd = Math.max(this.#bytesEnd, this.#marks.at(-1)?.bytes ?? 0);
  }

  /** Forgets the entries up to `index`, whose term is still known. */
  compact(index: number): void {
    this.#terms.compact({ index, term: this.termAt(index) });
    const bytes = this.#bytesBefore(index + 1);
    this.#first = index + 1;
    this.#confChanges = this.#confChanges.filter((each) => each > index);
    const kept = this.#marks.filter((mark) => mark.index > this.#first);
    this.#marks = this.#first === this.#end ? [] : [{ index: this.#first, bytes }, ...kept];
  }

  /** Term of an entry, or of the position before the first one. */
  termAt(index: number): number {
    return this.#terms.at(index);
  }

  /** Whether an entry in `[low, high)` changes the configuration. */
  hasConfChange(low: number, high: number): boolean {
    const last = this.#confChanges.findLast((index) => index < high);
    return last !== undefined && last >= low;
  }

  /**
   * A low index such that the entries from there up to `end` take no more than `bytesMax`; `end + 1` when not even one
   * fits. Small entries are counted in groups of 256 KiB, of which all must fit.
   */
  firstWithin(bytesMax: number, end: number): number {
    const bytes = this.#bytesBefore(end + 1);
    return this.#marks.find((mark) => mark.index <= end && bytes - mark.bytes <= bytesMax)?.index ?? end + 1;
  }

  /** About how many bytes the entries before `index` take: those up to the last mark. */
  #bytesBefore(index: number): number {
    if (index >= this.#end) return this.#bytesEnd;
    return this.#marks.findLast((mark) => mark.index <= index)?.bytes ?? 0;
  }
}
