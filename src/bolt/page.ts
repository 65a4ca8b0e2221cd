import { BoltError } from "./bolt-error.js";

/**
 * How pages look in a file; all numbers are little endian.
 *
 * A page starts with a header: its own number (8 bytes), its kind (2), how many elements it has (2), and how many
 * further pages it runs over (4). A page of a tree goes on with that many elements of 16 bytes, behind which lie the
 * keys and values they point to, each key directly before its value, in order:
 *
 * | in a leaf                                | in a branch                        |
 * | ---------------------------------------- | ---------------------------------- |
 * | 4: 1 when the value is a bucket, else 0  | 4: offset of the key, as in a leaf |
 * | 4: offset of the key, from this element  | 4: length of the key               |
 * | 4: length of the key                     | 8: page of the child, whose first  |
 * | 4: length of the value                   |    key this is                     |
 *
 * A bucket is the page of its root (8 bytes; 0 when it is inline) and a counter for its user (8); an inline bucket
 * goes on with a leaf of its own, header and all, whose page number is 0.
 */
export const headerBytes = 16;
export const elementBytes = 16;
export const bucketHeaderBytes = 16;
export const bucketFlag = 1;

/** A bucket's root page when the bucket lies inline, in the value of its parent's element. */
export const inlineRoot = 0;

export const pageKinds = { branch: 0x01, leaf: 0x02, meta: 0x04, freelist: 0x10 } as const;
export type PageKind = keyof typeof pageKinds;

export type Pair = readonly [key: Uint8Array, value: Uint8Array];

/** What follows a page's header, and where the page is: for an inline bucket, the page around it. */
export interface Page {
  readonly id: number;
  readonly kind: number;
  readonly count: number;
  /** From its header on, with the pages that it runs over. */
  readonly bytes: Buffer;
}

export interface LeafElement {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly isBucket: boolean;
}

export interface BranchElement {
  readonly key: Buffer;
  readonly child: number;
}

/** Keys of a page lie in `[low, high)`; undefined is no bound. */
export interface KeyBounds {
  readonly low: Buffer | undefined;
  readonly high: Buffer | undefined;
}

export const noBounds: KeyBounds = { low: undefined, high: undefined };

/** A number that may have been rounded when it is 2^53 or more, which is beyond every file. */
export function readUInt64(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 0x1_0000_0000;
}

export function writeUInt64(bytes: Buffer, offset: number, value: number): void {
  bytes.writeUInt32LE(value % 0x1_0000_0000, offset);
  bytes.writeUInt32LE(Math.floor(value / 0x1_0000_0000), offset + 4);
}

export function writeHeader(bytes: Buffer, id: number, kind: PageKind, count: number, overflow: number): void {
  writeUInt64(bytes, 0, id);
  bytes.writeUInt16LE(pageKinds[kind], 8);
  bytes.writeUInt16LE(count, 10);
  bytes.writeUInt32LE(overflow, 12);
}

/** @throws BoltError when the page is no leaf, or its elements are not in order and in bounds */
export function leafElements(page: Page, bounds: KeyBounds): LeafElement[] {
  requireKind(page, "leaf");
  const table = new ElementTable(page, bounds);
  const found: LeafElement[] = [];
  for (let at = headerBytes; at < table.end; at += elementBytes) {
    const flags = page.bytes.readUInt32LE(at);
    if (flags > bucketFlag) throw new BoltError(page.id, `an element has unknown flags ${flags}`);
    const keyLength = page.bytes.readUInt32LE(at + 8);
    const valueLength = page.bytes.readUInt32LE(at + 12);
    const start = table.next(at, page.bytes.readUInt32LE(at + 4), keyLength, valueLength);
    const valueStart = start + keyLength;
    found.push({
      key: page.bytes.subarray(start, valueStart),
      value: page.bytes.subarray(valueStart, valueStart + valueLength),
      isBucket: flags === bucketFlag,
    });
  }
  return found;
}

/** @throws BoltError when the page is no branch, or its elements are not in order and in bounds */
export function branchElements(page: Page, bounds: KeyBounds): BranchElement[] {
  requireKind(page, "branch");
  const table = new ElementTable(page, bounds);
  const found: BranchElement[] = [];
  for (let at = headerBytes; at < table.end; at += elementBytes) {
    const keyLength = page.bytes.readUInt32LE(at + 4);
    const start = table.next(at, page.bytes.readUInt32LE(at), keyLength, 0);
    found.push({ key: page.bytes.subarray(start, start + keyLength), child: readUInt64(page.bytes, at + 8) });
  }
  return found;
}

export function requireKind({ id, kind }: Page, wanted: PageKind): void {
  if (kind !== pageKinds[wanted])
    throw new BoltError(id, `its kind is 0x${kind.toString(16)}, not that of a ${wanted}`);
}

/** The elements of one page, checked one after the other. */
class ElementTable {
  readonly end: number;
  readonly #page: Page;
  readonly #bounds: KeyBounds;
  #dataEnd: number;
  #lastKey: Buffer | undefined;

  constructor(page: Page, bounds: KeyBounds) {
    this.#page = page;
    this.#bounds = bounds;
    this.end = headerBytes + page.count * elementBytes;
    this.#dataEnd = this.end;
    if (this.end > page.bytes.length) {
      throw new BoltError(page.id, `${page.count} elements do not fit into ${page.bytes.length} bytes`);
    }
  }

  /**
   * Where the key of the element at `at` starts. Each lies behind the one before it, so that a page never yields more
   * bytes than it has.
   */
  next(at: number, offset: number, keyLength: number, valueLength: number): number {
    const { id, bytes } = this.#page;
    const start = at + offset;
    const end = start + keyLength + valueLength;
    if (start < this.#dataEnd || end > bytes.length) {
      throw new BoltError(id, `an element claims bytes ${start} to ${end} of ${this.#dataEnd} to ${bytes.length}`);
    }
    this.#dataEnd = end;
    this.#checkOrder(bytes.subarray(start, start + keyLength));
    return start;
  }

  #checkOrder(key: Buffer): void {
    const { id } = this.#page;
    if (key.length === 0) throw new BoltError(id, "an element has an empty key");
    if (this.#lastKey !== undefined && Buffer.compare(this.#lastKey, key) >= 0) {
      throw new BoltError(id, `key ${hex(key)} does not come after ${hex(this.#lastKey)}`);
    }
    this.#lastKey = key;
    const { low, high } = this.#bounds;
    if (low !== undefined && Buffer.compare(key, low) < 0) {
      throw new BoltError(id, `key ${hex(key)} comes before ${hex(low)}, with which the branch above finds the page`);
    }
    if (high !== undefined && Buffer.compare(key, high) >= 0) {
      throw new BoltError(id, `key ${hex(key)} does not come before ${hex(high)}, with which the next page starts`);
    }
  }
}

/** As much of a key as a message needs. */
function hex(key: Buffer): string {
  return key.length <= 32 ? key.toString("hex") : `${key.toString("hex", 0, 32)}...`;
}
