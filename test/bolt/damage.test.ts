import { open } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { BoltError } from "../../src/bolt/index.js";
import { decodeMeta, encodeMeta, type Meta } from "../../src/bolt/meta.js";
import { elementBytes, headerBytes, writeHeader, writeUInt64 } from "../../src/bolt/page.js";
import { boltFile, contentsAt, contentsOf, inFile, shortLeavesContents, shortLeavesFile } from "./files.js";

// Tests that a damaged or malicious file is refused with the page and the damage. The pages of the test file are: 0 and
// 1 meta, 2 freelist, 3 to 5 the leaves of `a`, 6 their branch, 7 the buckets `a` and `b`, which is inline.

const pageBytes = 4096;

interface Damage {
  readonly name: string;
  readonly page: number;
  readonly says: string;
  /** Changes the file in place, or returns another one. */
  readonly make: (file: Buffer) => Buffer | undefined;
}

const inPlace = (change: (file: Buffer) => unknown) => (file: Buffer) => {
  change(file);
  return undefined;
};
/** The offsets of the header of a page and of the elements of its table. */
const header = (page: number, offset: number) => page * pageBytes + offset;
const element = (page: number, at: number, offset: number) =>
  page * pageBytes + headerBytes + at * elementBytes + offset;

const damages: readonly Damage[] = [
  { name: "an empty file", page: 0, says: "the file ends", make: () => Buffer.alloc(0) },
  { name: "zeros", page: 0, says: "not a bolt file", make: (file) => Buffer.alloc(file.length) },
  { name: "text", page: 0, says: "not a bolt file", make: () => Buffer.alloc(9000, "etcd ") },
  { name: "another version", page: 0, says: "version 3", make: inMetas((meta) => meta.writeUInt32LE(3, 20)) },
  { name: "meta pages changed", page: 0, says: "checksum", make: inMetas((meta) => meta.writeUInt32LE(9, 32)) },
  { name: "a page size of 0", page: 0, says: "pages of 0 bytes", make: withMeta({ pageBytes: 0 }) },
  { name: "a page cut off", page: 7, says: "the file is cut", make: (file) => file.subarray(0, 7 * pageBytes) },
  { name: "a byte cut off", page: 7, says: "the file is cut", make: (file) => file.subarray(0, -1) },
  { name: "no root", page: 0, says: "no such page", make: withMeta({ rootPage: 0 }) },
  { name: "a root beyond the file", page: 2 ** 40, says: "no such page", make: withMeta({ rootPage: 2 ** 40 }) },
  { name: "a page count beyond the file", page: 8, says: "the file is cut", make: withMeta({ pageCount: 2 ** 52 }) },
  { name: "a tree as freelist", page: 3, says: "not that of a freelist", make: withMeta({ freelistPage: 3 }) },
  {
    name: "an absurd freelist",
    page: 2,
    says: "do not fit",
    make: inPlace(absurdFreelist),
  },
  { name: "a free page beyond the file", page: 2, says: "page 99 is listed", make: inPlace((f) => free(f, 99)) },
  { name: "a page freed twice", page: 2, says: "listed as free twice", make: inPlace((f) => free(f, 4, 4)) },
  { name: "a page both free and in use", page: 4, says: "a free page is in use", make: inPlace((f) => free(f, 4)) },
  {
    name: "a page with the number of another",
    page: 4,
    says: "says that it is page 5",
    make: inPlace((f) => f.writeUInt16LE(5, header(4, 0))),
  },
  {
    name: "a freelist in a tree",
    page: 4,
    says: "not that of a leaf",
    make: inPlace((f) => f.writeUInt16LE(16, header(4, 8))),
  },
  { name: "a leaf without keys", page: 4, says: "empty", make: inPlace((f) => f.writeUInt16LE(0, header(4, 10))) },
  { name: "a branch without keys", page: 6, says: "empty", make: inPlace((f) => f.writeUInt16LE(0, header(6, 10))) },
  {
    name: "an absurd count",
    page: 4,
    says: "60000 elements do not fit",
    make: inPlace((f) => f.writeUInt16LE(60000, header(4, 10))),
  },
  {
    name: "an overflow beyond the end",
    page: 4,
    says: "runs over 9 pages",
    make: inPlace((f) => f.writeUInt32LE(9, header(4, 12))),
  },
  {
    name: "an absurd overflow",
    page: 4,
    says: "runs over 4294967295",
    make: inPlace((f) => f.writeUInt32LE(0xffffffff, header(4, 12))),
  },
  {
    name: "unknown flags",
    page: 4,
    says: "unknown flags 2",
    make: inPlace((f) => f.writeUInt32LE(2, element(4, 1, 0))),
  },
  {
    name: "a bucket among pairs",
    page: 4,
    says: "a bucket among pairs",
    make: inPlace((f) => f.writeUInt32LE(1, element(4, 1, 0))),
  },
  {
    name: "a pair among buckets",
    page: 7,
    says: "a pair among buckets",
    make: inPlace((f) => f.writeUInt32LE(0, element(7, 0, 0))),
  },
  {
    name: "an offset beyond the page",
    page: 4,
    says: "claims bytes",
    make: inPlace((f) => f.writeUInt32LE(9999, element(4, 2, 4))),
  },
  {
    name: "an offset into the table",
    page: 4,
    says: "claims bytes",
    make: inPlace((f) => f.writeUInt32LE(4, element(4, 0, 4))),
  },
  {
    name: "a key that overlaps the value of another",
    page: 4,
    says: "claims bytes",
    make: inPlace((f) => f.writeUInt32LE(elementBytes, element(4, 1, 4))),
  },
  {
    name: "a value beyond the page",
    page: 4,
    says: "claims bytes",
    make: inPlace((f) => f.writeUInt32LE(0xfffffff0, element(4, 9, 12))),
  },
  { name: "an empty key", page: 4, says: "empty key", make: inPlace((f) => f.writeUInt32LE(0, element(4, 0, 8))) },
  {
    name: "keys out of order",
    page: 4,
    says: "does not come after",
    make: inPlace((f) => f.write("a", keyAt(f, 4, 3))),
  },
  {
    name: "a key below the key of its branch",
    page: 4,
    says: "comes before",
    make: inPlace((f) => f.write("a", keyAt(f, 4, 0))),
  },
  {
    name: "a key of the next page",
    page: 4,
    says: "with which the next page starts",
    make: inPlace((f) => f.write("z", lastKeyAt(f, 4))),
  },
  {
    name: "a page that is referenced twice",
    page: 4,
    says: "comes before",
    make: inPlace((f) => writeUInt64(f, element(6, 2, 8), 4)),
  },
  {
    name: "a branch under itself",
    page: 6,
    says: "above itself",
    make: inPlace((f) => writeUInt64(f, element(6, 1, 8), 6)),
  },
  {
    name: "a child beyond the file",
    page: 8,
    says: "no such page",
    make: inPlace((f) => writeUInt64(f, element(6, 1, 8), 8)),
  },
  {
    name: "a meta page as child",
    page: 1,
    says: "no such page",
    make: inPlace((f) => writeUInt64(f, element(6, 1, 8), 1)),
  },
  {
    name: "a bucket without header",
    page: 7,
    says: "a bucket of 8 bytes",
    make: inPlace((f) => f.writeUInt32LE(8, element(7, 0, 12))),
  },
  {
    name: "an inline bucket without page",
    page: 7,
    says: "an inline bucket of 20 bytes",
    make: inPlace((f) => f.writeUInt32LE(20, element(7, 1, 12))),
  },
  { name: "a tree too deep", page: 3 + 48, says: "deeper than 48", make: () => tower(60) },
];

describe("is refused", () => {
  for (const { name, page, says, make } of damages) {
    test(name, async () => {
      const file = await shortLeavesFile();
      const error = await contentsOf(make(file) ?? file).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(BoltError);
      expect(error).toMatchObject({ page, message: expect.stringContaining(says) });
      expect(String(error)).toContain(`page ${page}: `);
    });
  }

  test("a page larger than any pair, before memory is allocated", async () => {
    const file = await boltFile({ a: [["key", "v".repeat(9000)]] });
    const pageCount = 100_000;
    withMeta({ pageCount })(file);
    file.writeUInt32LE(90_000, header(2, 12));
    await inFile(file, async (path) => {
      const handle = await open(path, "r+");
      await handle.truncate(pageCount * pageBytes);
      await handle.close();
      await expect(contentsAt(path)).rejects.toMatchObject({ page: 2, message: expect.stringContaining("no pair is") });
    });
  });
});

describe("is read", () => {
  for (const { name, make } of [
    { name: "with the first meta page lost", make: inPlace((file) => file.fill(0, 0, 1000)) },
    { name: "with the second meta page lost", make: inPlace((file) => file.fill(0, pageBytes, pageBytes + 1000)) },
    { name: "with a checksum after it", make: (file: Buffer) => Buffer.concat([file, Buffer.alloc(32, 1)]) },
    { name: "without a list of free pages", make: withMeta({ freelistPage: undefined }) },
    { name: "with a later meta page before a damaged older one", make: inPlace((file) => file.fill(9, 4100, 4200)) },
  ]) {
    test(name, async () => {
      const file = await shortLeavesFile();
      expect(await contentsOf(make(file) ?? file)).toEqual(shortLeavesContents);
    });
  }

  test("the state of the later transaction", async () => {
    const file = await shortLeavesFile();
    // The earlier transaction has no valid pages.
    encodeMeta({ ...metaOf(file), transaction: 1, rootPage: 99 }).copy(file, pageBytes);
    expect(await contentsOf(file)).toEqual(shortLeavesContents);
    encodeMeta({ ...metaOf(file), transaction: 3, rootPage: 99 }).copy(file, pageBytes);
    await expect(contentsOf(file)).rejects.toThrow("page 99: no such page");
  });
});

function metaOf(file: Buffer): Meta {
  return decodeMeta(file, 0);
}

/** Changes fields in both meta pages, with correct checksums. */
function withMeta(change: Partial<Meta>): Damage["make"] {
  return inPlace((file) => {
    const meta = { ...metaOf(file), ...change };
    for (const id of [0, 1]) {
      const page = encodeMeta({ ...meta, pageBytes, transaction: 2 + id });
      if (change.pageBytes !== undefined) rewritePageBytes(page, { ...meta, transaction: 2 + id });
      page.copy(file, id * pageBytes);
    }
  });
}

/** Changes a meta page that cannot be written with `encodeMeta`, since the page size is invalid. */
function rewritePageBytes(page: Buffer, meta: Meta): void {
  encodeMeta({ ...meta, pageBytes: 4096 }).copy(page);
  page.writeUInt32LE(meta.pageBytes, 24);
  let sum = 0xcbf29ce484222325n;
  for (const byte of page.subarray(16, 72)) sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n);
  page.writeBigUInt64LE(sum, 72);
}

function inMetas(change: (meta: Buffer) => unknown): Damage["make"] {
  return inPlace((file) => [0, pageBytes].map((at) => change(file.subarray(at, at + pageBytes))));
}

/** Lists pages as free. */
function free(file: Buffer, ...ids: number[]): void {
  file.writeUInt16LE(ids.length, header(2, 10));
  for (const [at, id] of ids.entries()) writeUInt64(file, header(2, headerBytes + at * 8), id);
}

/** A number of free pages that does not fit into the file. */
function absurdFreelist(file: Buffer): void {
  file.writeUInt16LE(0xffff, header(2, 10));
  writeUInt64(file, header(2, headerBytes), 2 ** 40);
}

function keyAt(file: Buffer, page: number, at: number): number {
  return element(page, at, 0) + file.readUInt32LE(element(page, at, 4));
}

function lastKeyAt(file: Buffer, page: number): number {
  return keyAt(file, page, file.readUInt16LE(header(page, 10)) - 1);
}

/** A tree of branches with one child each. */
function tower(height: number): Buffer {
  const pages = Array.from({ length: height }, (_, at) => {
    const id = 3 + at;
    const page = Buffer.alloc(pageBytes);
    writeHeader(page, id, "branch", 1, 0);
    page.writeUInt32LE(elementBytes, headerBytes);
    page.writeUInt32LE(1, headerBytes + 4);
    writeUInt64(page, headerBytes + 8, id + 1);
    page.write("k", headerBytes + elementBytes);
    return page;
  });
  const meta = { pageBytes, rootPage: 3, freelistPage: undefined, pageCount: height + 4, transaction: 2 };
  const spare = Buffer.alloc(pageBytes);
  return Buffer.concat([encodeMeta(meta), encodeMeta({ ...meta, transaction: 1 }), spare, ...pages, spare]);
}
