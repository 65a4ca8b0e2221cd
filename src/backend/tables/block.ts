import { crc32c } from "../../base/index.js";
import { DiskError } from "../disk-error.js";
import { mask } from "../torn-record.js";
import { type EntryList, trailerOfKeyBytes } from "./entry-list.js";

/** Behind each block: its type (1; 1 when it is compressed), and the masked CRC-32C of block and type (4). */
export const trailerBytes = 5;
const typeBytes = 1;
const compressed = 1;

/** Whether a block, given with its trailer, is compressed. */
export function isCompressed(stored: Buffer): boolean {
  return stored[stored.length - trailerBytes] === compressed;
}

/**
 * Checks a block with its trailer. LevelDB does not look at the checksum when it reads a block. Here it counts, since a
 * snapshot with damaged values would be restored as a good one.
 *
 * @throws DiskError when the block is damaged
 */
export function checkBlock(stored: Buffer): void {
  const summed = stored.length - trailerBytes + typeBytes;
  if (stored.readUInt32LE(summed) !== mask(crc32c(stored.subarray(0, summed)))) throw damagedBlock();
}

/**
 * Adds the entries of the block at `[start, blockEnd)` of the list's values, which is not compressed. Each has three
 * varints before it: how many bytes of its key are those of the key before, how many follow, and the length of its
 * value. At the end there are offsets of entries that begin anew, and their number.
 *
 * @throws DiskError when the block is damaged
 */
export function addEntries(entries: EntryList, start: number, blockEnd: number): void {
  const bytes = entries.values;
  const restarts = blockEnd - start < 4 ? 0 : littleEndian(bytes, blockEnd - 4);
  const end = blockEnd - 4 * (restarts + 1);
  if (restarts === 0 || end < start) throw damagedBlock();
  let before = 0;
  let at = start;
  const varint = (): number => {
    let value = bytes[at++] ?? 0;
    if (value < 0x80) return value;
    value &= 0x7f;
    for (let scale = 128; ; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < end) {
    const shared = varint();
    const own = varint();
    const valueBytes = varint();
    const length = shared + own;
    if (at + own + valueBytes > end || shared > before || length < trailerOfKeyBytes) throw damagedBlock();
    entries.add(shared, bytes, at, own, at + own, valueBytes);
    before = length;
    at += own + valueBytes;
  }
}

export function damagedBlock(): DiskError {
  return new DiskError("a table of the database is damaged");
}

function littleEndian(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) +
    (bytes[at + 1] ?? 0) * 0x100 +
    (bytes[at + 2] ?? 0) * 0x1_0000 +
    (bytes[at + 3] ?? 0) * 0x100_0000
  );
}
