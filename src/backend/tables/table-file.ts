import { type FileHandle, open } from "node:fs/promises";
import { compareBytes, type StepTurns } from "../../base/index.js";
import { VarintReader } from "../log-format.js";
import { addEntries, blockOf, damagedBlock, trailerBytes } from "./block.js";
import { EntryList } from "./entry-list.js";

/** At the end of a table: the places of its meta index and of its index, and a magic number. */
const footerBytes = 48;
/** Blocks are read in groups of about this many bytes, which are decoded in about a millisecond. */
const readBytes = 128 * 1024;

interface Place {
  readonly offset: number;
  /** Length without the trailer. */
  readonly length: number;
}

/**
 * The entries of a table whose keys may be in `[low, high)`, some blocks at a time. A block with a large value takes
 * some milliseconds, and blocks of several tables may arrive at once, so each waits for a turn that has time.
 *
 * @throws DiskError when the table is damaged
 */
export async function* readTable(
  path: string,
  low: Uint8Array,
  high: Uint8Array,
  turns: StepTurns,
): AsyncGenerator<EntryList, void, undefined> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const blocks = await placesIn(file, size, low, high);
    for (let first = 0; first < blocks.length; ) {
      let last = first;
      const start = blocks[first]?.offset ?? 0;
      while (last + 1 < blocks.length && endOf(blocks[last + 1]) - start <= readBytes) last++;
      const group = await readAt(file, start, endOf(blocks[last]) - start);
      if (turns.over(group.length)) await turns.rest();
      const entries = new EntryList();
      for (; first <= last; first++) {
        const { offset, length } = blocks[first] ?? { offset: 0, length: 0 };
        addEntries(blockOf(group.subarray(offset - start, offset - start + length + trailerBytes)), entries);
      }
      yield entries;
    }
  } finally {
    await file.close();
  }
}

/** The places of the blocks that may have keys in `[low, high)`. */
async function placesIn(file: FileHandle, size: number, low: Uint8Array, high: Uint8Array): Promise<Place[]> {
  if (size < footerBytes) throw damagedBlock();
  const places = new VarintReader(await readAt(file, size - footerBytes, footerBytes));
  placeIn(places); // of the meta index, which leads to the filter
  const { offset, length } = placeIn(places);
  const index = new EntryList();
  addEntries(blockOf(await readAt(file, offset, length + trailerBytes)), index);
  const found: Place[] = [];
  // The key of an entry is not before the last key of its block, and before the first of the next.
  for (const [at, key] of index.keys.entries()) {
    if (compareBytes(key, low) < 0) continue;
    const value = index.values[at];
    if (value === undefined) throw damagedBlock();
    const place = placeIn(new VarintReader(Buffer.from(value.buffer, value.byteOffset, value.byteLength)));
    if (endOf(place) > size) throw damagedBlock();
    found.push(place);
    if (compareBytes(key, high) >= 0) break;
  }
  return found;
}

function placeIn(reader: VarintReader): Place {
  return { offset: reader.next(), length: reader.next() };
}

function endOf(place: Place | undefined): number {
  return place === undefined ? 0 : place.offset + place.length + trailerBytes;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let got = 0; got < length; ) {
    const { bytesRead } = await file.read(bytes, got, length - got, position + got);
    if (bytesRead === 0) throw damagedBlock();
    got += bytesRead;
  }
  return bytes;
}
