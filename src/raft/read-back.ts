import { entriesSize } from "./entry-size.js";
import { EntryWindow } from "./entry-window.js";
import type { Entry } from "./types.js";

/**
 * Bytes of entries that stay in memory after they were read back from the disk. Each follower that reads far behind the
 * end of the log has its own place in it; one that is not read before it is dropped is read back again.
 */
export const readBackBytesMax = 16 * 1024 * 1024;

interface Page {
  readonly entries: EntryWindow;
  readonly bytes: number;
}

/** Parts of the log that were read back from the disk, the latest last. */
export class ReadBack {
  #pages: Page[] = [];

  /** Adds consecutive entries of the log. The oldest parts give way. */
  add(entries: readonly Entry[]): void {
    const [first] = entries;
    if (first === undefined) return;
    const window = new EntryWindow(first.index);
    window.push(entries);
    this.#pages = this.#pages.filter((page) => page.entries.at(first.index) === undefined);
    this.#pages.push({ entries: window, bytes: entriesSize(entries) });
    let bytes = this.#pages.reduce((sum, page) => sum + page.bytes, 0);
    while (bytes > readBackBytesMax && this.#pages.length > 1) bytes -= this.#pages.shift()?.bytes ?? 0;
  }

  /** The part that has the entry at `index`. */
  find(index: number): EntryWindow | undefined {
    return this.#pages.find((page) => page.entries.at(index) !== undefined)?.entries;
  }

  /** Drops the entries from `index` on, which are no longer part of the log. */
  cutFrom(index: number): void {
    for (const { entries } of this.#pages) entries.truncate(Math.max(index, entries.first));
    this.#dropEmpty();
  }

  /** Drops the entries before `index`. */
  dropBefore(index: number): void {
    if (this.#pages.length === 0) return;
    for (const { entries } of this.#pages) entries.dropBefore(Math.min(index, entries.end));
    this.#dropEmpty();
  }

  clear(): void {
    this.#pages = [];
  }

  #dropEmpty(): void {
    this.#pages = this.#pages.filter(({ entries }) => entries.length > 0);
  }
}
