/** The reversed Castagnoli polynomial, which etcd uses for its log and its hashes. */
const polynomial = 0x82f63b78;

/**
 * Sixteen tables, so that one round processes sixteen bytes ("slicing by sixteen"): table k is for a byte that k bytes
 * follow. They take 16 KiB, half of a processor's nearest cache.
 */
const tables = makeTables();
/** Fewer bytes are summed faster in rounds of eight than through a view of them. */
const viewedBytesMin = 512;

/**
 * CRC-32C of `bytes` as an unsigned 32-bit number. `seed` continues an earlier sum: `crc32c(b, crc32c(a))` is the sum
 * of a followed by b.
 */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  const { length } = bytes;
  const isLong = length >= viewedBytesMin;
  let at = isLong ? length - (length % 16) : 0;
  let crc = isLong ? sumOfLong(bytes, at, ~seed) : ~seed;
  for (; at + 8 <= length; at += 8) {
    crc ^=
      byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24);
    crc =
      entry(0x700 | (crc & 0xff)) ^
      entry(0x600 | ((crc >>> 8) & 0xff)) ^
      entry(0x500 | ((crc >>> 16) & 0xff)) ^
      entry(0x400 | (crc >>> 24)) ^
      entry(0x300 | byteAt(bytes, at + 4)) ^
      entry(0x200 | byteAt(bytes, at + 5)) ^
      entry(0x100 | byteAt(bytes, at + 6)) ^
      entry(byteAt(bytes, at + 7));
  }
  for (; at < length; at++) crc = (crc >>> 8) ^ entry((crc ^ byteAt(bytes, at)) & 0xff);
  return ~crc >>> 0;
}

/** Goes on with a sum over the first `end` bytes, a multiple of sixteen. */
function sumOfLong(bytes: Uint8Array, end: number, begun: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, end);
  let crc = begun;
  for (let at = 0; at < end; at += 16) {
    const first = crc ^ view.getInt32(at, true);
    const second = view.getInt32(at + 4, true);
    const third = view.getInt32(at + 8, true);
    const fourth = view.getInt32(at + 12, true);
    crc =
      entry(0xf00 | (first & 0xff)) ^
      entry(0xe00 | ((first >>> 8) & 0xff)) ^
      entry(0xd00 | ((first >>> 16) & 0xff)) ^
      entry(0xc00 | (first >>> 24)) ^
      entry(0xb00 | (second & 0xff)) ^
      entry(0xa00 | ((second >>> 8) & 0xff)) ^
      entry(0x900 | ((second >>> 16) & 0xff)) ^
      entry(0x800 | (second >>> 24)) ^
      entry(0x700 | (third & 0xff)) ^
      entry(0x600 | ((third >>> 8) & 0xff)) ^
      entry(0x500 | ((third >>> 16) & 0xff)) ^
      entry(0x400 | (third >>> 24)) ^
      entry(0x300 | (fourth & 0xff)) ^
      entry(0x200 | ((fourth >>> 8) & 0xff)) ^
      entry(0x100 | ((fourth >>> 16) & 0xff)) ^
      entry(fourth >>> 24);
  }
  return crc;
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function entry(at: number): number {
  return tables[at] ?? 0;
}

function makeTables(): Int32Array {
  const made = new Int32Array(16 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    made[byte] = crc;
  }
  for (let at = 256; at < made.length; at++) {
    const before = made[at - 256] ?? 0;
    made[at] = (before >>> 8) ^ (made[before & 0xff] ?? 0);
  }
  return made;
}
