import { BoltError } from "./bolt-error.js";
import type { Meta } from "./meta.js";
import { headerBytes, type Page, readUInt64 } from "./page.js";

/**
 * Bytes of a block of cached file contents. A page never spans two blocks: both sizes are powers of two, and blocks are
 * not smaller than pages.
 */
const blockBytes = 64 * 1024;
/** The most blocks in the cache, least recently used ones dropped: 4 MiB. */
const blocksMax = 64;

/**
 * The most bytes of a page with its overflow pages, which are read as a whole. Pairs are far smaller (etcd accepts
 * requests of 1.5 MiB by default, and an overflowing page has few pairs), so only damage or malice exceeds this.
 */
const spanBytesMax = 256 * 1024 * 1024;

/** A file as this room reads it; a `FileHandle` is one. */
export interface BoltFile {
  stat(): Promise<{ readonly size: number }>;
  /** Reads up to `length` bytes from `position` on into `target` at `offset`. */
  read(target: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

/** Reads pages of a file on demand, with bounded memory, however large the file is. */
export class PageSource {
  readonly #file: BoltFile;
  readonly #meta: Meta;
  readonly #isFree: (id: number) => boolean;
  readonly #blocks = new Map<number, Buffer>();

  /** @param isFree whether a page is free */
  constructor(file: BoltFile, meta: Meta, isFree: (id: number) => boolean = () => false) {
    this.#file = file;
    this.#meta = meta;
    this.#isFree = isFree;
  }

  /**
   * Reads a page with its overflow pages, into memory of its own.
   *
   * @throws BoltError when there is no such page, or another page is there
   */
  async read(id: number): Promise<Page> {
    const { pageBytes, pageCount } = this.#meta;
    if (id < 2 || id >= pageCount) throw new BoltError(id, `no such page: there are those from 2 to ${pageCount - 1}`);
    const offset = id * pageBytes;
    const block = await this.#block(offset - (offset % blockBytes));
    const start = offset % blockBytes;
    if (start + pageBytes > block.length) throw new BoltError(id, "the file ends before the page does");
    // Copy the page; otherwise a kept key would keep the whole block in memory.
    const first = Buffer.from(block.subarray(start, start + pageBytes));
    const found = readUInt64(first, 0);
    if (found !== id) throw new BoltError(id, `the page says that it is page ${found}`);
    const overflow = first.readUInt32LE(12);
    this.#checkSpan(id, overflow);
    const bytes = overflow === 0 ? first : await this.#readSpan(id, overflow + 1);
    return { id, kind: bytes.readUInt16LE(8), count: bytes.readUInt16LE(10), bytes };
  }

  #checkSpan(id: number, overflow: number): void {
    const { pageBytes, pageCount } = this.#meta;
    if (id + overflow >= pageCount) {
      throw new BoltError(id, `it runs over ${overflow} pages, beyond the last one, ${pageCount - 1}`);
    }
    if ((overflow + 1) * pageBytes > spanBytesMax) {
      throw new BoltError(id, `it runs over ${overflow} pages; no pair is larger than ${spanBytesMax} bytes`);
    }
    for (let part = id; part <= id + overflow; part++) {
      if (this.#isFree(part)) throw new BoltError(part, "a free page is in use");
    }
  }

  async #readSpan(id: number, pages: number): Promise<Buffer> {
    const { pageBytes } = this.#meta;
    const bytes = Buffer.allocUnsafe(pages * pageBytes);
    const got = await readAt(this.#file, bytes, id * pageBytes);
    if (got < bytes.length || got < headerBytes) throw new BoltError(id, "the file ends before the page does");
    return bytes;
  }

  async #block(offset: number): Promise<Buffer> {
    const known = this.#blocks.get(offset);
    if (known !== undefined) {
      this.#blocks.delete(offset);
      this.#blocks.set(offset, known);
      return known;
    }
    const bytes = Buffer.allocUnsafe(blockBytes);
    const block = bytes.subarray(0, await readAt(this.#file, bytes, offset));
    this.#blocks.set(offset, block);
    if (this.#blocks.size > blocksMax) {
      for (const oldest of this.#blocks.keys()) {
        this.#blocks.delete(oldest);
        break;
      }
    }
    return block;
  }
}

/** Fills `bytes` from `position` on; returns the number of bytes read, fewer only at the end of the file. */
export async function readAt(file: BoltFile, bytes: Buffer, position: number): Promise<number> {
  let got = 0;
  while (got < bytes.length) {
    const { bytesRead } = await file.read(bytes, got, bytes.length - got, position + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}
