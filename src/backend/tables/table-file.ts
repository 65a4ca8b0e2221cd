import { type FileHandle, open } from "node:fs/promises";
import type { StepTurns } from "../../base/index.js";
import { VarintReader } from "../log-format.js";
import { addEntries, checkBlock, damagedBlock, isCompressed, trailerBytes } from "./block.js";
import { EntryList } from "./entry-list.js";
import { decodeSnappy } from "./snappy.js";

/** At the end of a table: the places of its meta index and of its index, and a magic number. */
const footerBytes = 48;
/** Blocks are decoded in groups of about this many bytes, which takes less than a millisecond. */
const groupBytes = 128 * 1024;
/** So many bytes are read at once, since each read costs as much as decoding some blocks. */
const readBytes = 512 * 1024;

const nothing = Buffer.alloc(0);

interface Place {
  readonly offset: number;
  /** Length without the trailer. */
  readonly length: number;
}

/** Reads one table after the other into the same memory. */
export class TableReader {
  readonly #low: Uint8Array;
  readonly #high: Uint8Array;
  readonly #turns: StepTurns;
  readonly #entries = new EntryList();
  /** Bytes of the table from `#readAt` on. */
  #read = nothing;
  #memory = nothing;
  #readAt = 0;

  /** Reads entries whose keys may be in `[low, high)`. */
  constructor(low: Uint8Array, high: Uint8Array, turns: StepTurns) {
    this.#low = low;
    this.#high = high;
    this.#turns = turns;
  }

  /**
   * The entries of a table, those of some blocks at a time: the list, which is always the same one, is filled again for
   * the next blocks. A block with a large value takes some milliseconds, and blocks of several tables may arrive at
   * once, so each waits for a turn that has time.
   *
   * @throws DiskError when the table is damaged
   */
  async *read(path: string): AsyncGenerator<EntryList, void, undefined> {
    const file = await open(path, "r");
    this.#read = nothing;
    try {
      const { size } = await file.stat();
      const blocks = await this.#placesIn(file, size);
      const end = endOf(blocks.at(-1));
      for (let first = 0; first < blocks.length; ) {
        const start = blocks[first]?.offset ?? 0;
        let behind = first + 1;
        while (behind < blocks.length && endOf(blocks[behind]) - start <= groupBytes) behind++;
        const group = await this.#bytes(file, start, endOf(blocks[behind - 1]), end);
        if (this.#turns.over(group.length)) await this.#turns.rest();
        fill(this.#entries, group, start, blocks.slice(first, behind));
        first = behind;
        yield this.#entries;
      }
    } finally {
      await file.close();
    }
  }

  /** The places of the blocks that may have keys in `[low, high)`. */
  async #placesIn(file: FileHandle, size: number): Promise<Place[]> {
    if (size < footerBytes) throw damagedBlock();
    const places = new VarintReader(await this.#bytes(file, size - footerBytes, size, size));
    placeIn(places); // of the meta index, which leads to the filter
    const index = placeIn(places);
    if (endOf(index) > size) throw damagedBlock();
    const entries = this.#entries;
    fill(entries, await this.#bytes(file, index.offset, endOf(index), size), index.offset, [index]);
    const { values } = entries;
    const found: Place[] = [];
    // The key of an entry is not before the last key of its block, and before the first of the next.
    const last = entries.placeOf(this.#high, 0, this.#high.length, 0);
    for (let at = entries.placeOf(this.#low, 0, this.#low.length, 0); at <= last && at < entries.count; at++) {
      if (entries.valueBytes(at) < 0) throw damagedBlock();
      const from = values.byteOffset + entries.valueAt(at);
      const place = placeIn(new VarintReader(Buffer.from(values.buffer, from, entries.valueBytes(at))));
      if (endOf(place) > size) throw damagedBlock();
      found.push(place);
    }
    return found;
  }

  /** The bytes `[start, end)` of the file; more of them are read at once, up to `last`. Valid until the next call. */
  async #bytes(file: FileHandle, start: number, end: number, last: number): Promise<Buffer> {
    const from = start - this.#readAt;
    if (from < 0 || end - this.#readAt > this.#read.length) {
      const count = Math.max(end - start, Math.min(last - start, readBytes));
      if (count > this.#memory.length) this.#memory = Buffer.allocUnsafeSlow(count);
      this.#read = this.#memory.subarray(0, count);
      this.#readAt = start;
      await readWhole(file, this.#read, start);
    }
    return this.#read.subarray(start - this.#readAt, end - this.#readAt);
  }
}

/** Fills the list with the entries of blocks, given as a part of their file that begins at `start`. */
function fill(entries: EntryList, group: Buffer, start: number, blocks: readonly Place[]): void {
  const stored = blocks.map(({ offset, length }) => {
    const block = group.subarray(offset - start, offset - start + length + trailerBytes);
    checkBlock(block);
    return block;
  });
  if (stored.some(isCompressed)) {
    const decoded = stored.map((block) => {
      const body = block.subarray(0, block.length - trailerBytes);
      return isCompressed(block) ? decodeSnappy(body) : body;
    });
    entries.clear(Buffer.concat(decoded));
    let at = 0;
    for (const { length } of decoded) {
      addEntries(entries, at, at + length);
      at += length;
    }
  } else {
    entries.clear(group);
    for (const { offset, length } of blocks) addEntries(entries, offset - start, offset - start + length);
  }
}

function placeIn(reader: VarintReader): Place {
  return { offset: reader.next(), length: reader.next() };
}

function endOf(place: Place | undefined): number {
  return place === undefined ? 0 : place.offset + place.length + trailerBytes;
}

async function readWhole(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let got = 0; got < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, got, bytes.length - got, position + got);
    if (bytesRead === 0) throw damagedBlock();
    got += bytesRead;
  }
}
