import { assert } from "../base/index.js";
import type { LevelBatch, LevelIterator, LevelSnapshot, LevelStore, StoredRow } from "./level-store.js";

/** The most pairs of a page. A full page is divided in two halves. */
const pagePairsMax = 256;
/** A page with fewer pairs is joined with the next one, if both fit in half a page. */
const pagePairsFew = 32;

/** Consecutive pairs, at least one, in the order of their keys. */
interface Page {
  /** The edition of the store in which the page was made. Only pages of the current edition may be changed. */
  readonly edition: number;
  readonly keys: Uint8Array[];
  readonly values: Uint8Array[];
}

/** Opens a store in memory, whose contents are gone when it is closed. */
export async function openMemoryStore(): Promise<LevelStore> {
  return new MemoryStore();
}

/**
 * A store in memory. Its pairs are in pages, so that a change moves few of them. A snapshot is a list of pages: the
 * next change copies the list and the pages that it touches, and leaves the others to both.
 */
class MemoryStore implements LevelStore {
  readonly dir = "memory";
  readonly copies = false;
  /** The pages in the order of their keys; undefined when the store is closed. */
  #pages: Page[] | undefined = [];
  /** Grows with each snapshot. */
  #edition = 0;
  /** The edition in which the list of pages was made. */
  #listEdition = 0;

  getSync(key: Uint8Array, snapshot?: LevelSnapshot): Uint8Array | undefined {
    const pages = this.#read(snapshot);
    const page = pages[pageFor(pages, key)];
    if (page === undefined) return undefined;
    const at = placeOf(page.keys, key);
    return isAt(page, at, key) ? page.values[at] : undefined;
  }

  async warm(): Promise<void> {
    // Everything is in memory.
  }

  batch(): LevelBatch {
    const changes: [key: Uint8Array, value: Uint8Array | undefined][] = [];
    return {
      put: (key, value) => changes.push([key, value]),
      del: (key) => changes.push([key, undefined]),
      write: async () => {
        for (const [key, value] of changes) {
          if (value === undefined) this.#remove(key);
          else this.#put(key, value);
        }
      },
    };
  }

  iterate(low: Uint8Array, high: Uint8Array, snapshot: LevelSnapshot = this.snapshot()): LevelIterator {
    return new PageIterator(this.#read(snapshot), low, high);
  }

  async last(low: Uint8Array, high: Uint8Array): Promise<StoredRow | undefined> {
    const pages = this.#read();
    let number = pageFor(pages, high);
    let at = placeOf(pages[number]?.keys ?? [], high) - 1;
    if (at < 0) at = (pages[--number]?.keys.length ?? 0) - 1;
    const [key, value] = [pages[number]?.keys[at], pages[number]?.values[at]];
    if (key === undefined || value === undefined || Buffer.compare(key, low) < 0) return undefined;
    return [key, value];
  }

  snapshot(): LevelSnapshot {
    const snapshot = new MemorySnapshot(this.#read());
    this.#edition++;
    return snapshot;
  }

  async flush(): Promise<void> {
    // There are no tables.
  }

  async compact(): Promise<void> {
    // There are no files to rewrite.
  }

  async fileBytes(): Promise<number> {
    return 0;
  }

  unmergedTables(): number {
    return 0;
  }

  async copyTo(): Promise<boolean> {
    return false;
  }

  async close(): Promise<void> {
    this.#pages = undefined;
  }

  #read(snapshot?: LevelSnapshot): readonly Page[] {
    if (this.#pages === undefined) throw new Error("the store is closed");
    if (snapshot === undefined) return this.#pages;
    assert(snapshot instanceof MemorySnapshot, "a snapshot is read in the store that made it");
    return snapshot.pages;
  }

  #put(key: Uint8Array, value: Uint8Array): void {
    const pages = this.#list();
    const number = pageFor(pages, key);
    if (pages[number] === undefined) {
      pages.push({ edition: this.#edition, keys: [key], values: [value] });
      return;
    }
    const page = this.#own(pages, number, pages[number]);
    const at = placeOf(page.keys, key);
    if (isAt(page, at, key)) {
      page.values[at] = value;
      return;
    }
    page.keys.splice(at, 0, key);
    page.values.splice(at, 0, value);
    if (page.keys.length > pagePairsMax) pages.splice(number + 1, 0, this.#half(page));
  }

  #remove(key: Uint8Array): void {
    const pages = this.#list();
    const number = pageFor(pages, key);
    const found = pages[number];
    const at = found === undefined ? 0 : placeOf(found.keys, key);
    if (found === undefined || !isAt(found, at, key)) return;
    const page = this.#own(pages, number, found);
    page.keys.splice(at, 1);
    page.values.splice(at, 1);
    if (page.keys.length === 0) pages.splice(number, 1);
    else if (page.keys.length < pagePairsFew) joinNext(pages, number, page);
  }

  /** The list of pages, which no snapshot shares. */
  #list(): Page[] {
    if (this.#pages === undefined) throw new Error("the store is closed");
    if (this.#listEdition !== this.#edition) {
      this.#pages = this.#pages.slice();
      this.#listEdition = this.#edition;
    }
    return this.#pages;
  }

  /** The page, or a copy in its place if a snapshot shares it. */
  #own(pages: Page[], number: number, page: Page): Page {
    if (page.edition === this.#edition) return page;
    const copy = { edition: this.#edition, keys: page.keys.slice(), values: page.values.slice() };
    pages[number] = copy;
    return copy;
  }

  /** Takes the second half of a page. */
  #half(page: Page): Page {
    const from = page.keys.length >> 1;
    return { edition: this.#edition, keys: page.keys.splice(from), values: page.values.splice(from) };
  }
}

/** The pages of a store as they were. */
class MemorySnapshot implements LevelSnapshot {
  readonly pages: readonly Page[];

  constructor(pages: readonly Page[]) {
    this.pages = pages;
  }

  async close(): Promise<void> {
    // The pages are collected with the snapshot.
  }
}

class PageIterator implements LevelIterator {
  readonly #pages: readonly Page[];
  readonly #high: Uint8Array;
  #number: number;
  #at: number;

  constructor(pages: readonly Page[], low: Uint8Array, high: Uint8Array) {
    this.#pages = pages;
    this.#high = high;
    this.#number = pageFor(pages, low);
    this.#at = placeOf(pages[this.#number]?.keys ?? [], low);
  }

  async nextv(count: number): Promise<StoredRow[]> {
    const rows: StoredRow[] = [];
    while (rows.length < count) {
      const page = this.#pages[this.#number];
      const [key, value] = [page?.keys[this.#at], page?.values[this.#at]];
      if (page === undefined) break;
      if (key === undefined || value === undefined) {
        this.#number++;
        this.#at = 0;
        continue;
      }
      if (Buffer.compare(key, this.#high) >= 0) break;
      rows.push([key, value]);
      this.#at++;
    }
    return rows;
  }

  async close(): Promise<void> {
    this.#number = this.#pages.length;
  }
}

/** The number of the last page that begins at or before the key; 0 when none does. */
function pageFor(pages: readonly Page[], key: Uint8Array): number {
  let [low, high] = [0, pages.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const first = pages[middle]?.keys[0];
    if (first !== undefined && Buffer.compare(first, key) <= 0) low = middle;
    else high = middle;
  }
  return low;
}

/** The place of the first key that is not less. */
function placeOf(keys: readonly Uint8Array[], key: Uint8Array): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = keys[middle];
    if (other !== undefined && Buffer.compare(other, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isAt({ keys }: Page, at: number, key: Uint8Array): boolean {
  const found = keys[at];
  return found !== undefined && Buffer.compare(found, key) === 0;
}

/** Joins a page with the next one, if both together are small. */
function joinNext(pages: Page[], number: number, page: Page): void {
  const next = pages[number + 1];
  if (next === undefined || page.keys.length + next.keys.length > pagePairsMax / 2) return;
  page.keys.push(...next.keys);
  page.values.push(...next.values);
  pages.splice(number + 1, 1);
}
