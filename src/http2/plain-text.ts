/** Each byte of a 32-bit word, repeated: the space, 1, the delete character, and the highest bit. */
const spaces = 0x20202020;
const ones = 0x01010101;
const deletes = 0x7f7f7f7f;
const highBits = 0x80808080;

/**
 * Whether none of the bytes is a control character, four bytes at a time: a regular expression takes several times as
 * long, and metadata may have tens of thousands of bytes. Bytes above 127 are no control characters.
 */
export function isPlain({ buffer, byteOffset }: Uint8Array, start: number, end: number): boolean {
  const view = new DataView(buffer, byteOffset + start, end - start);
  const wholeEnd = view.byteLength - (view.byteLength % 4);
  for (let at = 0; at < wholeEnd; at += 4) if (hasControl(view.getInt32(at, true))) return false;
  for (let at = wholeEnd; at < view.byteLength; at++)
    if (hasControl(view.getUint8(at) | (spaces & ~0xff))) return false;
  return true;
}

/** Finds a byte below the space, or a byte equal to the delete character: subtracting borrows from its highest bit. */
function hasControl(word: number): boolean {
  const other = word ^ deletes;
  return ((((word - spaces) & ~word) | ((other - ones) & ~other)) & highBits) !== 0;
}
