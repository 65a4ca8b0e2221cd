/**
 * How many bits stand for each byte (RFC 7541, appendix B): the bytes of one length in ascending order, the lengths
 * likewise. That says all, for the code is canonical: a byte's bits are one more than those of the byte before it, and
 * as many zeros are appended as it is longer.
 */
const bytesByLength: readonly (readonly [bits: number, bytes: readonly number[]])[] = [
  [5, [48, 49, 50, 97, 99, 101, 105, 111, 115, 116]],
  [6, [32, 37, 45, 46, 47, ...span(51, 57), 61, 65, 95, 98, 100, 102, 103, 104, 108, 109, 110, 112, 114, 117]],
  [7, [58, ...span(66, 87), 89, 106, 107, 113, 118, 119, 120, 121, 122]],
  [8, [38, 42, 44, 59, 88, 90]],
  [10, [33, 34, 40, 41, 63]],
  [11, [39, 43, 124]],
  [12, [35, 62]],
  [13, [0, 36, 64, 91, 93, 126]],
  [14, [94, 125]],
  [15, [60, 96, 123]],
  [19, [92, 195, 208]],
  [20, [128, 130, 131, 162, 184, 194, 224, 226]],
  [21, [153, 161, 167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230]],
  [22, [129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189, 190, 196]],
  [22, [198, 228, 232, 233]],
  [23, [1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165, 166, 168, 174, 175, 180]],
  [23, [182, 183, 188, 191, 197, 231, 239]],
  [24, [9, 142, 144, 145, 148, 159, 171, 206, 215, 225, 236, 237]],
  [25, [199, 207, 234, 235]],
  [26, [192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255]],
  [27, [203, 204, 211, 212, 214, 221, 222, 223, 241, ...span(244, 248), 250, 251, 252, 253, 254]],
  [28, [...span(2, 8), 11, 12, ...span(14, 21), ...span(23, 31), 127, 220, 249]],
  [30, [10, 13, 22]],
];
/** The end of the text, 30 bits, never stands in one; up to seven of its ones fill the last byte. */
const paddingBitsMax = 7;
const longestBits = 30;

/** Of each length in bits: the first code, the number of codes, and where its bytes begin in `symbols`. */
const firstCodes = new Uint32Array(longestBits + 1);
const counts = new Uint32Array(longestBits + 1);
const starts = new Uint32Array(longestBits + 1);
const symbols = new Uint8Array(256);

fillTables();

/**
 * The text that bytes stand for, a character for each byte of it.
 *
 * @returns undefined when they stand for none
 */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string | undefined {
  // No byte takes fewer than five bits.
  const text = Buffer.allocUnsafe(Math.ceil(((end - start) * 8) / 5));
  let length = 0;
  let code = 0;
  let bits = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    for (let bit = 7; bit >= 0; bit--) {
      code = ((code << 1) | ((byte >> bit) & 1)) >>> 0;
      bits++;
      const offset = code - (firstCodes[bits] ?? 0);
      if (offset >= 0 && offset < (counts[bits] ?? 0)) {
        text[length++] = symbols[(starts[bits] ?? 0) + offset] ?? 0;
        code = 0;
        bits = 0;
      } else if (bits === longestBits) return undefined;
    }
  }
  const onlyOnes = code === 2 ** bits - 1;
  return bits <= paddingBitsMax && onlyOnes ? text.toString("latin1", 0, length) : undefined;
}

function fillTables(): void {
  let code = 0;
  let last = 0;
  let at = 0;
  for (const [bits, bytes] of bytesByLength) {
    code *= 2 ** (bits - last);
    if (counts[bits] === 0) {
      firstCodes[bits] = code;
      starts[bits] = at;
    }
    counts[bits] = (counts[bits] ?? 0) + bytes.length;
    symbols.set(bytes, at);
    at += bytes.length;
    code += bytes.length;
    last = bits;
  }
}

function span(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}
