import { crc32c } from "../../base/index.js";
import { DiskError } from "../disk-error.js";
import { mask } from "../torn-record.js";
import type { EntryList } from "./entry-list.js";
import { decodeSnappy } from "./snappy.js";

/** Behind each block: its type (1; 1 when it is compressed), and the masked CRC-32C of block and type (4). */
export const trailerBytes = 5;
const typeBytes = 1;
/** LevelDB appends the number of the change (7, little endian) and its kind (1 for a put) to each key. */
const ownBytes = 8;
const compressed = 1;

/**
 * The contents of a block. LevelDB does not look at the checksum when it reads a block. Here it counts, since a
 * snapshot with damaged values would be restored as a good one.
 *
 * @param stored the block with its trailer
 * @throws DiskError when the block is damaged
 */
export function blockOf(stored: Buffer): Buffer {
  const body = stored.subarray(0, stored.length - trailerBytes);
  const sum = mask(crc32c(stored.subarray(0, body.length + typeBytes)));
  if (stored.readUInt32LE(body.length + typeBytes) !== sum) throw damagedBlock();
  return stored[body.length] === compressed ? decodeSnappy(body) : body;
}

/**
 * Adds the entries of a block to those before it. Each has three varints before it: how many bytes of its key are those
 * of the key before, how many follow, and the length of its value. At the end there are offsets of entries that begin
 * anew, and their number.
 *
 * @throws DiskError when the block is damaged
 */
export function addEntries(block: Buffer, entries: EntryList): void {
  const restarts = block.length < 4 ? 0 : block.readUInt32LE(block.length - 4);
  const end = block.length - 4 * (restarts + 1);
  if (restarts === 0 || end < 0) throw damagedBlock();
  let before: Uint8Array = Buffer.alloc(0);
  let at = 0;
  const varint = (): number => {
    let value = block[at++] ?? 0;
    if (value < 0x80) return value;
    value &= 0x7f;
    for (let scale = 128; ; scale *= 128) {
      const byte = block[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < end) {
    const shared = varint();
    const own = varint();
    const valueLength = varint();
    const length = shared + own;
    if (at + own + valueLength > end || shared > before.length || length < ownBytes) throw damagedBlock();
    const key = new Uint8Array(length);
    for (let i = 0; i < shared; i++) key[i] = before[i] ?? 0;
    for (let i = 0; i < own; i++) key[shared + i] = block[at + i] ?? 0;
    at += own;
    before = key;
    const name = length - ownBytes;
    let sequence = 0;
    for (let i = length - 1; i > name; i--) sequence = sequence * 256 + (key[i] ?? 0);
    const value = key[name] === 0 ? undefined : block.subarray(at, at + valueLength);
    entries.add(key.subarray(0, name), value, sequence);
    at += valueLength;
  }
}

export function damagedBlock(): DiskError {
  return new DiskError("a table of the database is damaged");
}
