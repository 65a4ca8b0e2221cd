import { type Field, fieldBytes } from "./field-list.js";
import { staticTable, tableBytesMax } from "./hpack-table.js";

const indexOf: ReadonlyMap<string, number> = new Map(
  staticTable.map(({ name }, at) => [name, at + 1] as const).reverse(),
);
const indexOfField: ReadonlyMap<string, number> = new Map(
  staticTable.map(({ name, value }, at) => [`${name}\n${value}`, at + 1] as const),
);

/** The most encoded blocks that are kept: callers send a few lists again and again. */
const readyMax = 16;

/**
 * Encodes the header blocks of one connection (RFC 7541). A few fields that every block repeats are put into the
 * client's table once, and take one byte each from then on; all others are written as literals.
 */
export class HpackEncoder {
  /** Fields in the client's table, in the order in which they were added. */
  readonly #known: string[] = [];
  readonly #frequent: ReadonlySet<string>;
  /**
   * Encoded blocks by their list of fields. Only blocks of indexed fields are kept, once the table does not change any
   * more.
   */
  #blocks: Map<readonly Field[], Buffer> | undefined;
  #roomBytes = tableBytesMax;
  #resized = false;

  /** @param frequent fields to put into the client's table */
  constructor(frequent: readonly Field[]) {
    this.#frequent = keysOf(frequent);
  }

  /** The client limits its table. A limit below the default ends the use of the table. */
  limit(bytes: number): void {
    if (bytes >= tableBytesMax) return;
    // The limit may evict fields, so tell the client to empty its table, and add nothing to it any more.
    this.#known.length = 0;
    this.#blocks = undefined;
    this.#roomBytes = 0;
    this.#resized = true;
  }

  encode(fields: readonly Field[]): Buffer {
    const ready = this.#resized ? undefined : this.#blocks?.get(fields);
    if (ready !== undefined) return ready;
    const parts: Buffer[] = [];
    if (this.#resized) parts.push(Buffer.from([0x20]));
    this.#resized = false;
    for (const field of fields) parts.push(this.#field(field));
    const block = Buffer.concat(parts);
    const isIndexed = block.length === fields.length && this.#known.length === this.#frequent.size;
    if (isIndexed) this.#keep(fields, block);
    return block;
  }

  #keep(fields: readonly Field[], block: Buffer): void {
    this.#blocks ??= new Map();
    if (this.#blocks.size < readyMax) this.#blocks.set(fields, block);
  }

  #field(field: Field): Buffer {
    const key = keyOf(field);
    const index = indexOfField.get(key) ?? this.#knownIndex(key);
    if (index !== undefined) return integer(7, 0x80, index);
    const name = indexOf.get(field.name);
    const remember = this.#frequent.has(key) && fieldBytes(field) <= this.#roomBytes;
    if (remember) {
      this.#known.push(key);
      this.#roomBytes -= fieldBytes(field);
    }
    const head = remember ? integer(6, 0x40, name ?? 0) : integer(4, 0, name ?? 0);
    return Buffer.concat([head, ...(name === undefined ? [text(field.name)] : []), text(field.value)]);
  }

  #knownIndex(key: string): number | undefined {
    const place = this.#known.indexOf(key);
    return place < 0 ? undefined : staticTable.length + this.#known.length - place;
  }
}

/** The keys of each list of frequent fields, which all connections have in common. */
const frequentKeys = new WeakMap<readonly Field[], ReadonlySet<string>>();

function keysOf(frequent: readonly Field[]): ReadonlySet<string> {
  const keys = frequentKeys.get(frequent) ?? new Set(frequent.map(keyOf));
  frequentKeys.set(frequent, keys);
  return keys;
}

function keyOf({ name, value }: Field): string {
  return `${name}\n${value}`;
}

function text(value: string): Buffer {
  return Buffer.concat([integer(7, 0, value.length), Buffer.from(value, "latin1")]);
}

/** Encodes an integer (RFC 7541, 5.1). */
function integer(bits: number, mark: number, value: number): Buffer {
  const mask = 2 ** bits - 1;
  if (value < mask) return Buffer.from([mark | value]);
  const bytes = [mark | mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
