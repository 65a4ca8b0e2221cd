import { crc32c } from "../base/index.js";

/*
 * Decides which records of a LevelDB log with a wrong checksum a torn write explains. docs/internals/formats.md
 * specifies the rule.
 */

/** A log consists of blocks of this many bytes; no record crosses the end of a block. */
export const blockBytes = 32 * 1024;
/** Bytes of a record's header: masked CRC-32C of type and data (4), length of the data (2, little endian), type (1). */
export const headerBytes = 7;
const lengthAt = 4;
const typeAt = 6;

/** Disks write at least this many bytes at once, so a torn write loses whole pieces of this size. */
const sectorBytes = 512;

/**
 * Whether an interrupted write can have left the bad record at `offset`. Nobody was told that such a write is done. Any
 * other bad record was written completely, may have been acknowledged, and has changed since.
 *
 * @param blockEnd where the block ends, or the log if that comes first; at least a header beyond `offset`
 */
export function isTorn(log: Buffer, offset: number, blockEnd: number): boolean {
  const stored = log.readUInt32LE(offset);
  // All bytes are there; only the length changed, which no checksum covers.
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

/**
 * A sector that was never written reads as zeros. Only a part of the first and of the last sector may belong to the
 * record.
 */
function hasLostSector(log: Buffer, from: number, end: number): boolean {
  for (let at = from; at < end; ) {
    const sectorEnd = Math.min(at - (at % sectorBytes) + sectorBytes, end);
    if (log.subarray(at, sectorEnd).every((byte) => byte === 0)) return true;
    at = sectorEnd;
  }
  return false;
}

/**
 * Whether one changed byte, in the checksum or in the bytes it covers, explains the mismatch. Values may contain zeros,
 * so a record with a flipped bit can look as if it had lost a sector.
 */
function oneByteChanged(stored: number, summed: Uint8Array): boolean {
  const sum = crc32c(summed);
  const inSum = mask(sum) ^ stored;
  if ([0, 8, 16, 24].some((shift) => (inSum & ~(0xff << shift)) === 0)) return true;
  // A CRC is linear: a changed byte alters the sum by that byte's own effect, moved on by one step for each byte behind
  // it. Undoing these steps one by one tests for each byte whether it is the changed one.
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
  /** Effect of each byte value on an empty sum. */
  readonly bytes: Int32Array;
  /** For each top byte of an effect, the byte value that has it; exactly one does. */
  readonly byTopByte: Uint8Array;
  readonly effects: ReadonlySet<number>;
}

function inverse(): Inverse {
  const emptySum = 0xffffffff;
  const bytes = Int32Array.from({ length: 256 }, (_, byte) => ~crc32c(Uint8Array.of(byte), emptySum));
  const byTopByte = new Uint8Array(256);
  for (const [byte, effect] of bytes.entries()) byTopByte[effect >>> 24] = byte;
  // Leave out the effect of 0, which changes nothing.
  return { bytes, byTopByte, effects: new Set(bytes.subarray(1)) };
}

const maskDelta = 0xa282ead8;

/** LevelDB stores checksums rotated and shifted, since a CRC over data that itself contains CRCs is weak. */
export function mask(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + maskDelta) >>> 0;
}

function unmask(masked: number): number {
  const rotated = masked - maskDelta;
  return (rotated >>> 17) | (rotated << 15);
}
