import { crc32c } from "../base/index.js";

/*
 * Records of a LevelDB log that do not match their sums: which of them a torn write explains. The rule is specified in
 * docs/internals/formats.md.
 */

/** A log consists of blocks of this many bytes, and no record goes over the end of one. */
export const blockBytes = 32 * 1024;
/** Masked CRC-32C of type and data (4), length of the data (2, little endian), type (1). */
export const headerBytes = 7;
const lengthAt = 4;
const typeAt = 6;

/** Disks write no less than this at once, so what they lose is a whole piece of it. */
const sectorBytes = 512;

/**
 * Whether a write that never ended can have left the bad record at `offset`. Nobody was told that such a write is
 * done. Any other bad record was written whole, may have been acknowledged, and has changed since.
 *
 * @param blockEnd where the block ends, or the log when that comes first; at least a header beyond `offset`
 */
export function isTorn(log: Buffer, offset: number, blockEnd: number): boolean {
  const stored = log.readUInt32LE(offset);
  // All bytes are there, and the length alone, which no sum covers, has changed.
  if (stored === mask(crc32c(log.subarray(offset + typeAt, blockEnd)))) return false;
  const end = offset + headerBytes + log.readUInt16LE(offset + lengthAt);
  if (end > blockEnd) {
    const endsInBlock = end <= offset - (offset % blockBytes) + blockBytes;
    return (endsInBlock && blockEnd === log.byteLength) || hasLostSector(log, offset, blockEnd);
  }
  const isEmpty = end === offset + headerBytes;
  if (!hasLostSector(log, offset, isEmpty ? blockEnd : end)) return false;
  return !oneByteChanged(stored, log.subarray(offset + typeAt, end));
}

/** A sector that was never written reads as zeros. Of the first and the last one only a part belongs to the record. */
function hasLostSector(log: Buffer, from: number, end: number): boolean {
  for (let at = from; at < end; ) {
    const sectorEnd = Math.min(at - (at % sectorBytes) + sectorBytes, end);
    if (log.subarray(at, sectorEnd).every((byte) => byte === 0)) return true;
    at = sectorEnd;
  }
  return false;
}

/**
 * Whether a change of one byte, of the sum or below it, explains the mismatch. Values may hold zeros, so a record of
 * which a bit has flipped can look as if it had lost a sector.
 */
function oneByteChanged(stored: number, summed: Uint8Array): boolean {
  const sum = crc32c(summed);
  const inSum = mask(sum) ^ stored;
  if ([0, 8, 16, 24].some((shift) => (inSum & ~(0xff << shift)) === 0)) return true;
  // A CRC is linear: a changed byte alters the sum by what that byte alone would give, moved on by a step for each
  // byte behind it. Undoing these steps one after the other asks each byte whether it is the changed one.
  const { bytes, byTopByte, effects } = inverse();
  let difference = sum ^ unmask(stored);
  for (let at = summed.byteLength - 1; at >= 0; at--) {
    if (effects.has(difference)) return true;
    const byte = byTopByte[difference >>> 24] ?? 0;
    difference = ((difference ^ (bytes[byte] ?? 0)) << 8) | byte;
  }
  return false;
}

interface Inverse {
  /** What each byte alone makes of an empty sum. */
  readonly bytes: Int32Array;
  /** The byte whose effect has this top byte; there is one for each. */
  readonly byTopByte: Uint8Array;
  readonly effects: ReadonlySet<number>;
}

function inverse(): Inverse {
  const emptySum = 0xffffffff;
  const bytes = Int32Array.from({ length: 256 }, (_, byte) => ~crc32c(Uint8Array.of(byte), emptySum));
  const byTopByte = new Uint8Array(256);
  for (const [byte, effect] of bytes.entries()) byTopByte[effect >>> 24] = byte;
  // A change of nothing is none.
  return { bytes, byTopByte, effects: new Set(bytes.subarray(1)) };
}

const maskDelta = 0xa282ead8;

/** LevelDB stores sums rotated and shifted, since sums of data that holds sums are weak. */
export function mask(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + maskDelta) >>> 0;
}

function unmask(masked: number): number {
  const rotated = masked - maskDelta;
  return (rotated >>> 17) | (rotated << 15);
}
