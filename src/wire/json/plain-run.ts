/** Bytes of a 32-bit word, repeated: the space, the quotation mark, the backslash, 1, and the highest bit. */
const spaces = 0x20202020;
const quotes = 0x22222222;
const backslashes = 0x5c5c5c5c;
const ones = 0x01010101;
const highBits = 0x80808080;

/**
 * The place of the first byte in `[from, to)` that is not a plain character of a JSON string: a quotation mark, a
 * backslash, or a byte below the space; `to` when there is none. Four bytes are looked at together, since a body may
 * have a value of megabytes, and one after the other takes three times as long.
 */
export function endOfPlainRun(bytes: Uint8Array, from: number, to: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = from;
  for (const last = to - 4; at <= last && isPlain(view.getInt32(at, true)); ) at += 4;
  while (at < to && isPlain(view.getUint8(at) | (spaces & ~0xff))) at++;
  return at;
}

/** A subtraction borrows from the highest bit of a byte that is smaller, and of one that has become 0. */
function isPlain(word: number): boolean {
  const quote = word ^ quotes;
  const backslash = word ^ backslashes;
  const borrowed = ((word - spaces) & ~word) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash);
  return (borrowed & highBits) === 0;
}
