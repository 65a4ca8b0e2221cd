import { assert } from "../base/index.js";
import { type BranchElement, bucketFlag, elementBytes, headerBytes, writeHeader, writeUInt64 } from "./page.js";

/** The elements of a leaf that is being made: pairs, or buckets with their names. */
export class NewLeaf {
  readonly keys: Uint8Array[] = [];
  readonly values: Uint8Array[] = [];
  readonly flags: number;
  /** Size of the elements with the page's header. */
  bytes = headerBytes;

  /** @param ofBuckets whether the elements are buckets; pairs by default */
  constructor(ofBuckets = false) {
    this.flags = ofBuckets ? bucketFlag : 0;
  }

  /** Adds an element behind those that are there. */
  add(key: Uint8Array, value: Uint8Array): void {
    this.keys.push(key);
    this.values.push(value);
    this.bytes += elementBytes + key.length + value.length;
  }

  get firstKey(): Uint8Array {
    const [first] = this.keys;
    assert(first !== undefined, "a page of a tree with more than one has an element");
    return first;
  }
}

/** Numbers pages and encodes them, in their order in the file, into a stream of bytes. */
export class PageEncoder {
  readonly pageBytes: number;
  readonly #out: ChunkWriter;
  #next: number;

  constructor(pageBytes: number, first: number, out: ChunkWriter) {
    this.pageBytes = pageBytes;
    this.#next = first;
    this.#out = out;
  }

  /** The number of the next page. */
  get next(): number {
    return this.#next;
  }

  /** The next page is `id`: the caller has encoded those before it. */
  skipTo(id: number): void {
    this.#next = id;
  }

  /** A page with more than `pageBytes` overflows into the next ones. */
  leaf(leaf: NewLeaf): number {
    const { keys, values, bytes } = leaf;
    const id = this.#take(bytes);
    this.#out.append(leafTable(id, leaf, this.#overflow(bytes)));
    for (let at = 0; at < keys.length; at++) {
      this.#out.append(keys[at] ?? nothing);
      this.#out.append(values[at] ?? nothing);
    }
    this.#pad(bytes);
    return id;
  }

  branch(elements: readonly BranchElement[], bytes: number): number {
    const id = this.#take(bytes);
    this.#out.append(branchTable(id, elements, this.#overflow(bytes)));
    for (const { key } of elements) this.#out.append(key);
    this.#pad(bytes);
    return id;
  }

  /** Encodes a leaf that is part of a value, not a page. */
  inline(leaf: NewLeaf): Uint8Array {
    const { keys, values } = leaf;
    return Buffer.concat([leafTable(0, leaf, 0), ...keys.flatMap((key, at) => [key, values[at] ?? nothing])]);
  }

  #take(bytes: number): number {
    const id = this.#next;
    this.#next += Math.ceil(bytes / this.pageBytes);
    return id;
  }

  #overflow(bytes: number): number {
    return Math.ceil(bytes / this.pageBytes) - 1;
  }

  #pad(bytes: number): void {
    const used = bytes % this.pageBytes;
    if (used > 0) this.#out.appendZeros(this.pageBytes - used);
  }
}

const nothing = new Uint8Array(0);
/** Fewer bytes, such as those of a revision, are copied faster in a loop than by a call. */
const loopBytesMax = 32;

/** Collects a stream of bytes into chunks of equal size. */
export class ChunkWriter {
  readonly #chunkBytes: number;
  #chunk: Buffer;
  #used = 0;
  #full: Buffer[] = [];

  constructor(chunkBytes: number) {
    this.#chunkBytes = chunkBytes;
    this.#chunk = Buffer.alloc(chunkBytes);
  }

  append(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length < loopBytesMax && this.#used + length < this.#chunkBytes) {
      for (let at = 0; at < length; at++) this.#chunk[this.#used + at] = bytes[at] ?? 0;
      this.#used += length;
      return;
    }
    let from = 0;
    while (from < length) {
      const part = from === 0 && length <= this.#room ? bytes : bytes.subarray(from, from + this.#room);
      this.#chunk.set(part, this.#used);
      this.#advance(part.length);
      from += part.length;
    }
  }

  appendZeros(count: number): void {
    // A new chunk consists of zeros already.
    for (let left = count; left > 0; ) {
      const part = Math.min(left, this.#room);
      this.#advance(part);
      left -= part;
    }
  }

  /** Removes and returns the full chunks, which belong to the caller. */
  take(): readonly Buffer[] {
    const full = this.#full;
    if (full.length > 0) this.#full = [];
    return full;
  }

  /** The last chunk, which is shorter. */
  rest(): Buffer {
    return this.#chunk.subarray(0, this.#used);
  }

  get #room(): number {
    return this.#chunkBytes - this.#used;
  }

  #advance(count: number): void {
    this.#used += count;
    if (this.#used < this.#chunkBytes) return;
    this.#full.push(this.#chunk);
    this.#chunk = Buffer.alloc(this.#chunkBytes);
    this.#used = 0;
  }
}

function leafTable(id: number, { keys, values, flags }: NewLeaf, overflow: number): Buffer {
  const table = Buffer.allocUnsafeSlow(headerBytes + keys.length * elementBytes);
  writeHeader(table, id, "leaf", keys.length, overflow);
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  let at = headerBytes;
  let data = table.length;
  for (let element = 0; element < keys.length; element++, at += elementBytes) {
    const keyBytes = keys[element]?.length ?? 0;
    const valueBytes = values[element]?.length ?? 0;
    view.setUint32(at, flags, true);
    view.setUint32(at + 4, data - at, true);
    view.setUint32(at + 8, keyBytes, true);
    view.setUint32(at + 12, valueBytes, true);
    data += keyBytes + valueBytes;
  }
  return table;
}

function branchTable(id: number, elements: readonly BranchElement[], overflow: number): Buffer {
  const table = Buffer.allocUnsafe(headerBytes + elements.length * elementBytes);
  writeHeader(table, id, "branch", elements.length, overflow);
  let at = headerBytes;
  let data = table.length;
  for (const { key, child } of elements) {
    table.writeUInt32LE(data - at, at);
    table.writeUInt32LE(key.length, at + 4);
    writeUInt64(table, at + 8, child);
    at += elementBytes;
    data += key.length;
  }
  return table;
}
