import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { SideFile, SideFileWriter } from "../../backend/index.js";
import { assert, crc32c } from "../../base/index.js";
import { UnusableCheckpoint } from "./record.js";

/** The first bytes of each file. */
const magic = Buffer.from("etcd-ts index 1\n", "latin1");
/** A block is preceded by the length of its stored bytes, its kind, and the CRC-32C of kind and bytes. */
const headBytes = 9;
const kind = { plain: 0, deflated: 1 } as const;
/** Longer blocks are not compressed: that would hold the event loop too long. They are about large keys, and rare. */
const deflatedBytesMax = 256 * 1024;
/** Bytes that are passed on in one write, and bytes after which they are synced, so that no sync has much to do. */
const chunkBytes = 256 * 1024;
const syncBytes = 8 * 1024 * 1024;
/** The most bytes of a block, against a length that is wrong: more than the largest key and its history can have. */
const blockBytesMax = 1024 * 1024 * 1024;

/** Writes blocks of bytes, compressed and with check sums. */
export class BlockWriter {
  readonly #file: SideFileWriter;
  #waiting: Uint8Array[] = [magic];
  #waitingBytes = magic.length;
  #unsynced = 0;
  /** Bytes of the file so far. */
  bytes = magic.length;
  /** CRC-32C of the heads of all blocks so far. A head has the sum of its block. */
  sum = 0;

  constructor(file: SideFileWriter) {
    this.#file = file;
  }

  /** Whether `flush` has something to do. */
  get full(): boolean {
    return this.#waitingBytes >= chunkBytes;
  }

  /** Adds a block; costs about a millisecond for 64 KiB. */
  add(block: Uint8Array): void {
    const deflates = block.length <= deflatedBytesMax;
    const stored = deflates ? deflateRawSync(block, { level: 1 }) : Buffer.from(block);
    const head = Buffer.alloc(headBytes);
    head.writeUInt32LE(stored.length, 0);
    head[4] = deflates ? kind.deflated : kind.plain;
    head.writeUInt32LE(sumOf(head, stored), 5);
    this.#waiting.push(head, stored);
    this.#waitingBytes += head.length + stored.length;
    this.bytes += head.length + stored.length;
    this.sum = crc32c(head, this.sum);
  }

  async flush(): Promise<void> {
    const chunk = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    await this.#file.write(chunk);
    this.#unsynced += chunk.length;
    if (this.#unsynced < syncBytes) return;
    this.#unsynced = 0;
    await this.#file.sync();
  }
}

/**
 * Reads the blocks of a file.
 *
 * @param sum CRC-32C of the heads of all blocks
 * @throws UnusableCheckpoint, possibly only at the end
 */
export async function* readBlocks(file: SideFile, sum: number): AsyncGenerator<Uint8Array> {
  const reader = new FileReader(file);
  const first = await reader.take(magic.length);
  if (Buffer.compare(first, magic) !== 0) throw new UnusableCheckpoint("the file begins with other bytes");
  let sumSoFar = 0;
  while (reader.position < file.bytes) {
    const head = Buffer.from(await reader.take(headBytes));
    const length = head.readUInt32LE(0);
    if (length > Math.min(blockBytesMax, file.bytes - reader.position)) {
      throw new UnusableCheckpoint(`the length of the block at byte ${reader.position} is wrong`);
    }
    const stored = await reader.take(length);
    if (sumOf(head, stored) !== head.readUInt32LE(5)) {
      throw new UnusableCheckpoint(`the block at byte ${reader.position - length} does not match its sum`);
    }
    sumSoFar = crc32c(head, sumSoFar);
    yield head[4] === kind.deflated ? inflateRawSync(stored) : stored;
  }
  if (sumSoFar !== sum) throw new UnusableCheckpoint("the file is not the one that the database names");
}

function sumOf(head: Uint8Array, stored: Uint8Array): number {
  return crc32c(stored, crc32c(head.subarray(4, 5)));
}

/** Reads a file from its beginning to its end, in large pieces. */
class FileReader {
  readonly #file: SideFile;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #readTo = 0;

  constructor(file: SideFile) {
    this.#file = file;
  }

  /** Bytes taken so far. */
  get position(): number {
    return this.#readTo - (this.#chunk.length - this.#at);
  }

  /** The next `count` bytes; a view that is valid until the next call. */
  async take(count: number): Promise<Uint8Array> {
    while (this.#chunk.length - this.#at < count) await this.#readOn(count);
    const taken = this.#chunk.subarray(this.#at, this.#at + count);
    this.#at += count;
    return taken;
  }

  async #readOn(count: number): Promise<void> {
    const left = this.#chunk.subarray(this.#at);
    const chunk = Buffer.allocUnsafeSlow(Math.max(count, chunkBytes));
    left.copy(chunk);
    const read = await this.#file.read(chunk.subarray(left.length), this.#readTo);
    if (read === 0) throw new UnusableCheckpoint("the file ends too early");
    assert(read <= chunk.length - left.length, "a read returns no more than there is room for");
    this.#chunk = chunk.subarray(0, left.length + read);
    this.#at = 0;
    this.#readTo += read;
  }
}
