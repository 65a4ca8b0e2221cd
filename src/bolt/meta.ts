import { BoltError } from "./bolt-error.js";
import { headerBytes, pageKinds, readUInt64, writeHeader, writeUInt64 } from "./page.js";

/**
 * The meta data of a file, which locates its parts. Pages 0 and 1 hold one copy each, written alternately, so that one
 * of them is always intact; the one with the later transaction is valid. After the page's header: magic (4), version
 * (4), page size (4), flags (4), the root bucket (16), freelist page (8), high water mark (8), transaction (8),
 * checksum (8).
 */
export interface Meta {
  readonly pageBytes: number;
  /** Root page of the bucket that holds all other buckets. */
  readonly rootPage: number;
  /** Page of the freelist; undefined when the free pages are not listed, and are those that no page refers to. */
  readonly freelistPage: number | undefined;
  /** Number of pages in the file: the first page number that was never used. */
  readonly pageCount: number;
  readonly transaction: number;
}

export const metaBytes = headerBytes + 64;

const magic = 0xed0cdaed;
const version = 2;
/** Value of `freelistPage` that means "not listed". */
const noFreelist = 0xffff_ffff_ffff_ffffn;
/** No machine has smaller or larger pages. */
const pageBytesMin = 1024;
const pageBytesMax = 64 * 1024;

const at = {
  magic: 16,
  version: 20,
  pageBytes: 24,
  rootPage: 32,
  freelistPage: 48,
  pageCount: 56,
  transaction: 64,
  checksum: 72,
} as const;

/**
 * All possible offsets of the second meta page, for when the first one is unreadable and does not tell the page size.
 */
export function secondMetaOffsets(): number[] {
  const offsets: number[] = [];
  for (let offset = pageBytesMin; offset <= pageBytesMax; offset *= 2) offsets.push(offset);
  return offsets;
}

/**
 * @param bytes the first `metaBytes` of meta page `id`; fewer when the file is shorter
 * @throws BoltError when they are not a meta page, or the checksum is wrong
 */
export function decodeMeta(bytes: Buffer, id: number): Meta {
  if (bytes.length < metaBytes) throw new BoltError(id, "the file ends before its meta pages do");
  if (bytes.readUInt32LE(at.magic) !== magic) throw new BoltError(id, "not a bolt file: the magic number is missing");
  const found = bytes.readUInt32LE(at.version);
  if (found !== version) throw new BoltError(id, `version ${found} of the format; only ${version} is known`);
  const sum = checksum(bytes);
  if (bytes.readBigUInt64LE(at.checksum) !== sum) throw new BoltError(id, "the checksum of the meta page is wrong");
  if (bytes.readUInt16LE(8) !== pageKinds.meta) throw new BoltError(id, "not marked as a meta page");
  const pageBytes = bytes.readUInt32LE(at.pageBytes);
  if (!secondMetaOffsets().includes(pageBytes)) throw new BoltError(id, `pages of ${pageBytes} bytes`);
  const freelist = bytes.readBigUInt64LE(at.freelistPage);
  return {
    pageBytes,
    rootPage: readUInt64(bytes, at.rootPage),
    freelistPage: freelist === noFreelist ? undefined : Number(freelist),
    pageCount: readUInt64(bytes, at.pageCount),
    transaction: readUInt64(bytes, at.transaction),
  };
}

/** Encodes a whole meta page; its page number follows from the transaction. */
export function encodeMeta(meta: Meta): Buffer {
  const page = Buffer.alloc(meta.pageBytes);
  writeHeader(page, meta.transaction % 2, "meta", 0, 0);
  page.writeUInt32LE(magic, at.magic);
  page.writeUInt32LE(version, at.version);
  page.writeUInt32LE(meta.pageBytes, at.pageBytes);
  writeUInt64(page, at.rootPage, meta.rootPage);
  page.writeBigUInt64LE(meta.freelistPage === undefined ? noFreelist : BigInt(meta.freelistPage), at.freelistPage);
  writeUInt64(page, at.pageCount, meta.pageCount);
  writeUInt64(page, at.transaction, meta.transaction);
  page.writeBigUInt64LE(checksum(page), at.checksum);
  return page;
}

/** FNV-1a with 64 bits, over everything between the page's header and the checksum. */
function checksum(page: Buffer): bigint {
  let sum = 0xcbf2_9ce4_8422_2325n;
  for (const byte of page.subarray(headerBytes, at.checksum)) {
    sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100_0000_01b3n);
  }
  return sum;
}
