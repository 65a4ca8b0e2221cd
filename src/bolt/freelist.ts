import { BoltError } from "./bolt-error.js";
import { headerBytes, type Page, readUInt64, requireKind, writeHeader, writeUInt64 } from "./page.js";

/** Value of a header's count that means: the real count is the first number of the list. */
const countInList = 0xffff;

/** Set of the free pages of a file, one bit each. */
export class FreePages {
  readonly #bits: Uint8Array;

  /** @throws BoltError when the page is not a freelist, or lists pages that cannot be free */
  constructor(page: Page, pageCount: number) {
    requireKind(page, "freelist");
    this.#bits = new Uint8Array(Math.ceil(pageCount / 8));
    const counted = page.count === countInList;
    const start = headerBytes + (counted ? 8 : 0);
    const count = counted ? readUInt64(page.bytes, headerBytes) : page.count;
    if (start + count * 8 > page.bytes.length) {
      throw new BoltError(page.id, `${count} free pages do not fit into ${page.bytes.length} bytes`);
    }
    for (let at = 0; at < count; at++) this.#add(page.id, readUInt64(page.bytes, start + at * 8), pageCount);
  }

  has(id: number): boolean {
    return ((this.#bits[id >>> 3] ?? 0) & (1 << (id & 7))) !== 0;
  }

  #add(list: number, id: number, pageCount: number): void {
    if (id < 2 || id >= pageCount) throw new BoltError(list, `page ${id} is listed as free; there is none`);
    if (this.has(id)) throw new BoltError(list, `page ${id} is listed as free twice`);
    this.#bits[id >>> 3] = (this.#bits[id >>> 3] ?? 0) | (1 << (id & 7));
  }
}

/** Number of pages that a list of `count` free pages needs. */
export function freelistPages(count: number, pageBytes: number): number {
  return Math.ceil((headerBytes + 8 * (count + 1)) / pageBytes);
}

/** Encodes the list of the free pages of `[first, end)`, as page `id` and those that continue it. */
export function encodeFreelist(id: number, first: number, end: number, pages: number, pageBytes: number): Buffer {
  const list = Buffer.alloc(pages * pageBytes);
  const count = end - first;
  const counted = count >= countInList;
  writeHeader(list, id, "freelist", counted ? countInList : count, pages - 1);
  if (counted) writeUInt64(list, headerBytes, count);
  const start = headerBytes + (counted ? 8 : 0);
  for (let at = 0; at < count; at++) writeUInt64(list, start + 8 * at, first + at);
  return list;
}
