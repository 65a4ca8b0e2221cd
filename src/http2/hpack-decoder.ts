import { compareFields, type Field, type FieldList, fieldBytes, fieldOfNamesake, fieldOfText } from "./field-list.js";
import { ConnectionError, errorCodes } from "./frames.js";
import { HpackTable, tableBytesMax } from "./hpack-table.js";
import { decodeHuffman } from "./huffman.js";
import { isPlain } from "./plain-text.js";
import { sharedField } from "./shared-fields.js";

const emptyBlock = Buffer.alloc(0);
/** A longer list is not kept for the streams that may repeat it: nobody counts this memory of the connection. */
const repeatedBytesMax = 2 * 1024;

/** Texts from this length on are checked for control characters while they are bytes. */
const longBytesMin = 64;

/** A list that exceeds its bound by this factor ends the connection. */
const refusedFactor = 4;

/** Decodes the header blocks of one connection, in the order of arrival (RFC 7541). */
export class HpackDecoder {
  readonly #table = new HpackTable();
  readonly #listBytesMax: number;
  #block: Buffer = emptyBlock;
  #at = 0;
  /** The last text was long, and is known to have no control characters. */
  #plain = false;
  /** The last list. A client repeats it on many streams, which then have it in common. */
  #last: FieldList | undefined;

  /** @param listBytesMax the most bytes of the fields of one block, as RFC 9113 counts them */
  constructor(listBytesMax: number) {
    this.#listBytesMax = listBytesMax;
  }

  /** @throws ConnectionError when the block is malformed or far too long; later blocks cannot be decoded then */
  decode(block: Buffer): FieldList {
    this.#block = block;
    this.#at = 0;
    const fields: Field[] = [];
    let bytes = 0;
    let tooLong = false;
    let malformed = false;
    while (this.#at < block.length) {
      const field = this.#field(fields.length === 0 && !tooLong);
      if (field === undefined) continue;
      bytes += fieldBytes(field);
      if (field.malformed) malformed = true;
      // A byte can stand for a field of thousands of bytes. Fields beyond the bound are decoded for a while, but not
      // kept.
      if (bytes > refusedFactor * this.#listBytesMax) throw endless();
      if (bytes > this.#listBytesMax) tooLong = true;
      else fields.push(field);
    }
    // A view of the block would keep all bytes that were read with it.
    this.#block = emptyBlock;
    const last = tooLong || malformed ? undefined : this.#last;
    const compared = last === undefined ? "other" : compareFields(last.fields, fields);
    if (last !== undefined && compared === "same") return last;
    const kind = last !== undefined && compared === "another timeout" ? last.kind : {};
    const list = { fields: fields.slice(), tooLong, malformed, kind };
    this.#last = bytes <= repeatedBytesMax && !malformed ? list : undefined;
    return list;
  }

  /** @returns undefined for a change of the table's size, which may only come `first` */
  #field(first: boolean): Field | undefined {
    const byte = this.#block[this.#at] ?? 0;
    if (byte >= 0x80) {
      const field = this.#table.at(this.#integer(7));
      return field ?? broken("an index of nothing");
    }
    if (byte >= 0x40) {
      const field = sharedField(this.#literal(6));
      this.#table.add(field);
      return field;
    }
    if (byte < 0x20) {
      const field = this.#literal(4);
      // Some clients send the path of each request as a literal, although there are few different ones.
      return field.name === ":path" ? sharedField(field) : field;
    }
    const bytes = this.#integer(5);
    if (!first || bytes > tableBytesMax) broken("a dynamic table size above the limit");
    this.#table.resize(bytes);
    return undefined;
  }

  #literal(bits: number): Field {
    const index = this.#integer(bits);
    const named = index === 0 ? undefined : (this.#table.at(index) ?? broken("an index of nothing"));
    const name = named === undefined ? this.#text() : "";
    const value = this.#text();
    return named === undefined ? fieldOfText(name, value, this.#plain) : fieldOfNamesake(named, value, this.#plain);
  }

  /** Reads an integer (RFC 7541, 5.1); no valid header block needs one above 2^28. */
  #integer(bits: number): number {
    const mask = 2 ** bits - 1;
    let value = (this.#block[this.#at++] ?? 0) & mask;
    if (value < mask) return value;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#block[this.#at++] ?? broken("it ends in the middle of a number");
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return broken("an integer is too large");
  }

  /** Reads a string (RFC 7541, 5.2). */
  #text(): string {
    const isHuffman = (this.#block[this.#at] ?? broken("it ends before a text")) >= 0x80;
    const length = this.#integer(7);
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#block.length) broken("it ends in the middle of a text");
    this.#plain = !isHuffman && length >= longBytesMin && isPlain(this.#block, start, this.#at);
    if (!isHuffman) return this.#block.toString("latin1", start, this.#at);
    return decodeHuffman(this.#block, start, this.#at) ?? broken("an invalid Huffman code");
  }
}

function endless(): ConnectionError {
  return new ConnectionError(errorCodes.enhanceYourCalm, "a list of header fields is too long");
}

function broken(what: string): never {
  throw new ConnectionError(errorCodes.compression, `a malformed header block: ${what}`);
}
