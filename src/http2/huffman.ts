/**
 * The lengths of the codes of all bytes (RFC 7541, appendix B): lengths in ascending order, and for each the bytes in
 * ascending order. This defines the codes completely, since the code is canonical: the code of a byte is that of the
 * byte before it plus one, shifted left when it is longer.
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
/**
 * The most padding bits. The end-of-string code, 30 ones, never occurs in a text; up to seven of its ones fill the last
 * byte.
 */
const paddingBitsMax = 7;

/**
 * The code as a tree of numbered inner nodes; the root is 0. For each node and the next four bits, tables hold the node
 * that they lead to. Decoding bit by bit would hold the event loop for tens of milliseconds with the largest header
 * blocks.
 */
const nodesMax = 256;
/** By node and bit: 0 for no child, the number of an inner node, or a byte as its complement. */
const children = new Int16Array(nodesMax * 2);
/** By node and four bits: the next node, and the byte that ends on the way. No code is short enough for two. */
const nextNodes = new Int16Array(nodesMax * 16);
const noNode = -1;
const noByte = -1;
const endedBytes = new Int16Array(nodesMax * 16).fill(noByte);
/** Nodes at which a text may end: the root, and those reached from it by up to seven ones. */
const mayEnd = new Uint8Array(nodesMax);

fillTables();

/**
 * Decodes a text; each character stands for one byte.
 *
 * @returns undefined when the bytes are not a valid encoding
 */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string | undefined {
  // No byte has a code shorter than five bits.
  const text = Buffer.allocUnsafe(Math.ceil(((end - start) * 8) / 5));
  let length = 0;
  let node = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    const high = (node << 4) | (byte >> 4);
    const first = endedBytes[high] ?? noByte;
    if (first !== noByte) text[length++] = first;
    node = nextNodes[high] ?? noNode;
    if (node === noNode) return undefined;
    const low = (node << 4) | (byte & 0x0f);
    const second = endedBytes[low] ?? noByte;
    if (second !== noByte) text[length++] = second;
    node = nextNodes[low] ?? noNode;
    if (node === noNode) return undefined;
  }
  return mayEnd[node] === 1 ? text.toString("latin1", 0, length) : undefined;
}

function fillTables(): void {
  growTree();
  for (let node = 0, bits = 0; bits <= paddingBitsMax; bits++) {
    mayEnd[node] = 1;
    node = children[node * 2 + 1] ?? 0;
  }
  for (let node = 0; node < nodesMax; node++) {
    for (let four = 0; four < 16; four++) follow(node, four);
  }
}

function growTree(): void {
  let nodes = 1;
  let code = 0;
  let last = 0;
  for (const [bits, bytes] of bytesByLength) {
    code *= 2 ** (bits - last);
    last = bits;
    for (const byte of bytes) {
      let node = 0;
      for (let bit = bits - 1; bit > 0; bit--) {
        const branch = node * 2 + ((code >> bit) & 1);
        if (children[branch] === 0) children[branch] = nodes++;
        node = children[branch] ?? 0;
      }
      children[node * 2 + (code & 1)] = ~byte;
      code++;
    }
  }
}

function follow(from: number, four: number): void {
  const place = from * 16 + four;
  let node = from;
  let ended = noByte;
  for (let bit = 3; bit >= 0; bit--) {
    const child = children[node * 2 + ((four >> bit) & 1)] ?? 0;
    if (child < 0) ended = ~child;
    node = Math.max(child, 0);
    if (child === 0) {
      nextNodes[place] = noNode;
      return;
    }
  }
  nextNodes[place] = node;
  endedBytes[place] = ended;
}

function span(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}
