/** What stands for an authority that nghttp2 would refuse: no longer than any of those, and nobody reads it. */
const substitute = Buffer.from([1, "-".charCodeAt(0)]);
/** What nghttp2 takes for an authority. An empty one is as good as none, and fine. */
const acceptable = /^[A-Za-z0-9\-._~!$&'()*+,;=:@%[\]]*$/;
/** What may stand in any header; for anything else the client has no excuse. */
const printable = /^[ -~]*$/;
/** Where `:authority` stands in HPACK's static table. */
const authorityIndex = 1;

/**
 * The same HPACK block (RFC 7541) with every literal `:authority` that nghttp2 would refuse made one that it takes, and
 * undefined when there is none such or the block is malformed.
 *
 * It needs no memory of earlier blocks. A literal that enters the dynamic table still does: entries are counted from
 * the newest, so all keep their place. The decoder's entry is smaller than the client thinks, so the decoder keeps
 * entries at least as long as the client does.
 */
export function withPlainAuthority(block: Buffer): Buffer | undefined {
  const cursor = new Cursor(block);
  const pieces: Buffer[] = [];
  let taken = 0;
  while (!cursor.atEnd) {
    const first = cursor.peek();
    // An indexed field, or a change of the dynamic table's size: a number and nothing else.
    if (first >= 0x80 || (first & 0xe0) === 0x20) {
      cursor.integer(first >= 0x80 ? 7 : 5);
      continue;
    }
    // A literal, to be remembered or not: the name or its index, then the value.
    const name = cursor.integer(first >= 0x40 ? 6 : 4);
    if (name === 0) cursor.text();
    const valueAt = cursor.at;
    const value = cursor.text();
    if (name !== authorityIndex || !isOdd(value)) continue;
    pieces.push(block.subarray(taken, valueAt), substitute);
    taken = cursor.at;
  }
  if (cursor.broken || taken === 0) return undefined;
  return Buffer.concat([...pieces, block.subarray(taken)]);
}

function isOdd({ bytes, huffman }: Text): boolean {
  const text = huffman ? huffmanText(bytes) : bytes.toString("latin1");
  return text !== undefined && printable.test(text) && !acceptable.test(text);
}

interface Text {
  readonly bytes: Buffer;
  readonly huffman: boolean;
}

/** Reads numbers and texts of a block. Once something reaches past the end it is `broken`, and at its end. */
class Cursor {
  readonly #block: Buffer;
  at = 0;
  broken = false;

  constructor(block: Buffer) {
    this.#block = block;
  }

  get atEnd(): boolean {
    return this.at >= this.#block.length;
  }

  peek(): number {
    return this.#block[this.at] ?? 0;
  }

  /** A number whose first bits are the last ones of the next byte. */
  integer(prefixBits: number): number {
    const mask = 2 ** prefixBits - 1;
    let value = this.#byte() & mask;
    if (value < mask) return value;
    // No block is as long as 2^28 bytes, nor is any table: a number of more than four further bytes is none.
    for (let bits = 0; bits <= 21; bits += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** bits;
      if (byte < 0x80) return value;
    }
    return this.#break();
  }

  text(): Text {
    const huffman = this.peek() >= 0x80;
    const length = this.integer(7);
    const bytes = this.#block.subarray(this.at, this.at + length);
    if (bytes.length < length) this.#break();
    else this.at += length;
    return { bytes, huffman };
  }

  #byte(): number {
    return this.#block[this.at++] ?? this.#break();
  }

  #break(): number {
    this.broken = true;
    this.at = this.#block.length;
    return 0;
  }
}

/**
 * The Huffman code of printable ASCII (RFC 7541, appendix B): the codes of one length are consecutive, in the order of
 * their characters, so that their number of bits and the first of them say it all.
 */
const codes: readonly (readonly [bits: number, first: number, characters: string])[] = [
  [5, 0x0, "012aceiost"],
  [6, 0x14, " %-./3456789=A_bdfghlmnpru"],
  [7, 0x5c, ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"],
  [8, 0xf8, "&*,;XZ"],
  [10, 0x3f8, '!"()?'],
  [11, 0x7fa, "'+|"],
  [12, 0xffa, "#>"],
  [13, 0x1ff9, "$@[]~"],
  [14, 0x3ffc, "^}"],
  [15, 0x7ffc, "<`{"],
  [19, 0x7fff0, "\\"],
];
const characters = new Map(
  codes.flatMap(([bits, first, row]) => [...row].map((character, at) => [codeKey(bits, first + at), character])),
);
const longestCode = 19;

/** The text that was coded, or undefined when it is not of printable ASCII. */
function huffmanText(bytes: Buffer): string | undefined {
  let text = "";
  let code = 0;
  let bits = 0;
  for (const byte of bytes) {
    for (let shift = 7; shift >= 0; shift--) {
      code = (code << 1) | ((byte >> shift) & 1);
      bits++;
      const character = characters.get(codeKey(bits, code));
      if (character !== undefined) {
        text += character;
        code = 0;
        bits = 0;
      } else if (bits === longestCode) return undefined;
    }
  }
  // What is left of the last byte is filled with ones.
  return bits < 8 && code === 2 ** bits - 1 ? text : undefined;
}

/** One number for a code and its length: a leading one tells `00` from `000`. */
function codeKey(bits: number, code: number): number {
  return 2 ** bits + code;
}
