import type { NewLeaf } from "./new-leaf.js";
import { type BranchElement, elementBytes, headerBytes, writeHeader, writeUInt64 } from "./page.js";

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
    const { bytes } = leaf;
    const id = this.#take(bytes);
    this.#out.append(leaf.table(id, this.#overflow(bytes)));
    this.#out.append(leaf.data);
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

/** Collects a stream of bytes into chunks of equal size. */
export class ChunkWriter {
  readonly #chunkBytes: number;
  #chunk: Buffer;
  #used = 0;
  #full: Buffer[] = [];

  constructor(chunkBytes: number) {
    this.#chunkBytes = chunkBytes;
    this.#chunk = Buffer.allocUnsafeSlow(chunkBytes);
  }

  append(bytes: Uint8Array): void {
    const { length } = bytes;
    let from = 0;
    while (from < length) {
      const part = from === 0 && length <= this.#room ? bytes : bytes.subarray(from, from + this.#room);
      this.#chunk.set(part, this.#used);
      this.#advance(part.length);
      from += part.length;
    }
  }

  appendZeros(count: number): void {
    for (let left = count; left > 0; ) {
      const part = Math.min(left, this.#room);
      this.#chunk.fill(0, this.#used, this.#used + part);
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
    this.#chunk = Buffer.allocUnsafeSlow(this.#chunkBytes);
    this.#used = 0;
  }
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
