import type { Key } from "./ids.js";

export const emptyBytes: Uint8Array = new Uint8Array(0);

/** Bytes of a key, one for each character. */
export function keyToBytes(key: Key): Uint8Array {
  return Buffer.from(key, "latin1");
}

/** The key with these bytes. */
export function keyFromBytes(bytes: Uint8Array): Key {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** The key for a text: its UTF-8 bytes. It needs nothing of Node, since clients in browsers use it, too. */
export function keyFromText(text: string): Key {
  if (/^[\0-\x7f]*$/.test(text)) return text;
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}

/** So many bytes are compared faster one by one than by a call of native code. */
const comparedInLoop = 32;

/** Compares by the first byte that differs; a prefix comes first. @returns -1, 0 or 1 */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length, comparedInLoop);
  for (let at = 0; at < length; at++) {
    const one = left[at] ?? 0;
    const other = right[at] ?? 0;
    if (one !== other) return one < other ? -1 : 1;
  }
  if (length === comparedInLoop) return Buffer.compare(left, right);
  return left.length === right.length ? 0 : left.length < right.length ? -1 : 1;
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && Buffer.compare(left, right) === 0;
}

/** Writes a number below 2^53 as eight big-endian bytes. */
export function writeBE64(target: Uint8Array, offset: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  writeBE32(target, offset, high);
  writeBE32(target, offset + 4, value >>> 0);
}

/** Reads eight big-endian bytes; a value of 2^53 or more is rounded, and callers must refuse it. */
export function readBE64(source: Uint8Array, offset: number): number {
  const high = readBE32(source, offset);
  const low = readBE32(source, offset + 4);
  // V8 may keep the result of a multiplication as a double, even a small one. Objects that have a double in a field
  // where others have a small integer are converted whenever they are used.
  return high === 0 ? low : high * 0x1_0000_0000 + low;
}

/** Writes a number below 2^53 into two words, the lower one first. */
export function writeWords(words: Uint32Array, at: number, value: number): void {
  words[at] = value >>> 0;
  words[at + 1] = value < 0x1_0000_0000 ? 0 : Math.floor(value / 0x1_0000_0000);
}

/** Reads a number that `writeWords` wrote. */
export function readWords(words: Uint32Array, at: number): number {
  const low = words[at] ?? 0;
  const high = words[at + 1] ?? 0;
  // See `readBE64`. For the same reason these numbers are not kept in a Float64Array.
  return high === 0 ? low : high * 0x1_0000_0000 + low;
}

function writeBE32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 24;
  target[offset + 1] = value >>> 16;
  target[offset + 2] = value >>> 8;
  target[offset + 3] = value;
}

function readBE32(source: Uint8Array, offset: number): number {
  const b0 = source[offset] ?? 0;
  const b1 = source[offset + 1] ?? 0;
  const b2 = source[offset + 2] ?? 0;
  const b3 = source[offset + 3] ?? 0;
  return ((b0 << 24) | (b1 << 16) | (b2 << 8) | b3) >>> 0;
}
