import { BoltError } from "./bolt-error.js";

/**
 * The format of pages; all numbers are little endian.
 *
 * A page starts with a header: its own number (8 bytes), its kind (2), the number of its elements (2), and the number
 * of overflow pages that continue it (4). In a page of a tree, that many elements of 16 bytes follow, and behind them
 * the keys and values that they point to, each key directly before its value, in order:
 *
 * | in a leaf                                | in a branch                        |
 * | ---------------------------------------- | ---------------------------------- |
 * | 4: 1 when the value is a bucket, else 0  | 4: offset of the key, as in a leaf |
 * | 4: offset of the key, from this element  | 4: length of the key               |
 * | 4: length of the key                     | 8: page of the child, whose first  |
 * | 4: length of the value                   |    key this is                     |
 *
 * A bucket consists of its root page (8 bytes; 0 when it is inline) and a counter for its user (8); in an inline
 * bucket, a leaf with its own header follows, with page number 0.
 */
export const headerBytes = 16;
export const elementBytes = 16;
export const bucketHeaderBytes = 16;
export const bucketFlag = 1;

/** Root page of an inline bucket, which lies in the value of its parent's element. */
export const inlineRoot = 0;

export const pageKinds = { branch: 0x01, leaf: 0x02, meta: 0x04, freelist: 0x10 } as const;
export type PageKind = keyof typeof pageKinds;

export type Pair = readonly [key: Uint8Array, value: Uint8Array];

/** A page as read; an inline bucket has the `id` of the page around it. */
export interface Page {
  readonly id: number;
  readonly kind: number;
  readonly count: number;
  /** Bytes of the page from its header on, with its overflow pages. */
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

/** Bounds of a page's keys, `[low, high)`; undefined means unbounded. */
export interface KeyBounds {
  readonly low: Buffer | undefined;
  readonly high: Buffer | undefined;
}

export const noBounds: KeyBounds = { low: undefined, high: undefined };

/** Reads a number; one of 2^53 or more, which exceeds any file, may be rounded. */
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

/** @throws BoltError when the page is not a leaf, or its elements are out of order or out of bounds */
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

/** @throws BoltError when the page is not a branch, or its elements are out of order or out of bounds */
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

/** Checks the elements of one page, one after the other. */
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
   * Checks the element at `at`. @returns the offset of its key. Each element's data must lie behind that of the one
   * before, so that a page never yields more bytes than it has.
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

/** A key for a message, cut when it is long. */
function hex(key: Buffer): string {
  return key.length <= 32 ? key.toString("hex") : `${key.toString("hex", 0, 32)}...`;
}
