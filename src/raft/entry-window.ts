import { assert, emptyBytes } from "../base/index.js";
import { entrySize } from "./entry-size.js";
import type { Entry } from "./types.js";

const dropped: Entry = { term: 0, index: 0, type: "EntryNormal", data: emptyBytes };
const slackMax = 1024;

/**
 * Consecutive entries. They are added at one end and dropped at the other, each in constant time on average. Slices are
 * copies, so they do not change later.
 */
export class EntryWindow {
  /** Slots before `#head` are dropped; they reference nothing large. */
  #slots: Entry[] = [];
  #head = 0;
  #first: number;

  constructor(first: number) {
    this.#first = first;
  }

  /** Index of the first entry, or of the next one when there is none. */
  get first(): number {
    return this.#first;
  }

  /** The index after the last entry. */
  get end(): number {
    return this.#first + this.length;
  }

  get length(): number {
    return this.#slots.length - this.#head;
  }

  at(index: number): Entry | undefined {
    return index < this.#first ? undefined : this.#slots[this.#head + index - this.#first];
  }

  /** Appends entries that follow the last one. */
  push(entries: readonly Entry[]): void {
    assert(entries.length === 0 || entries[0]?.index === this.end, "an entry follows the last one");
    for (const entry of entries) this.#slots.push(entry);
  }

  /** Drops the entries from `index` on. */
  truncate(index: number): void {
    if (index < this.end) this.#slots.length = this.#head + Math.max(0, index - this.#first);
  }

  /** Drops the entries before `index`, where the window then starts. */
  dropBefore(index: number): void {
    if (index <= this.#first) return;
    const head = Math.min(this.#slots.length, this.#head + index - this.#first);
    this.#first = index;
    if (head === this.#slots.length) {
      this.#slots = [];
      this.#head = 0;
    } else if (head > slackMax && head * 2 > this.#slots.length) {
      this.#slots = this.#slots.slice(head);
      this.#head = 0;
    } else {
      this.#slots.fill(dropped, this.#head, head);
      this.#head = head;
    }
  }

  /** Empties the window, which then starts at `first`. */
  reset(first: number): void {
    this.#slots = [];
    this.#head = 0;
    this.#first = first;
  }

  /** The first entries of `[low, high)` that fit into `maxBytes`; at least one, when there is one. */
  slice(low: number, high: number, maxBytes = Number.POSITIVE_INFINITY): Entry[] {
    assert(this.#first <= low && low <= high && high <= this.end, "a slice lies within the window");
    const start = this.#head + low - this.#first;
    const end = start + high - low;
    if (maxBytes === Number.POSITIVE_INFINITY) return this.#slots.slice(start, end);
    let size = 0;
    let stop = start;
    for (; stop < end; stop++) {
      const entry = this.#slots[stop];
      if (entry === undefined) break;
      size += entrySize(entry);
      if (size > maxBytes && stop > start) break;
    }
    return this.#slots.slice(start, stop);
  }
}
