/** The reversed Castagnoli polynomial, which etcd uses for its log and its hashes. */
const polynomial = 0x82f63b78;

/**
 * Eight tables, so that one round processes eight bytes ("slicing by eight"): table k is for a byte that k bytes
 * follow.
 */
const tables = makeTables();

/**
 * CRC-32C of `bytes` as an unsigned 32-bit number. `seed` continues an earlier sum: `crc32c(b, crc32c(a))` is the sum
 * of a followed by b.
 */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed;
  const length = bytes.length;
  let at = 0;
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

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function entry(at: number): number {
  return tables[at] ?? 0;
}

function makeTables(): Int32Array {
  const made = new Int32Array(8 * 256);
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
