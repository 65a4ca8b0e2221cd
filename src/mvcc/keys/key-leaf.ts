import {
  type Arena,
  assert,
  type Block,
  blockBytes,
  byteOffset,
  type Key,
  noBlock,
  wordOffset,
} from "../../base/index.js";
import { noRow, type Row } from "./key-rows.js";

/** The most keys of a leaf. */
export const leafKeysMax = 128;
/** The most bytes of names in a leaf that has more than one key. */
export const leafNamesMax = 32 * 1024;
/** A leaf's block begins with the rows of its keys and the ends of their names, a word each. */
const tableBytes = 2 * 4 * leafKeysMax;
const endsAt = leafKeysMax;

/**
 * Up to `leafKeysMax` keys in byte order, in one block of an arena. The bytes that all keys begin with are stored once,
 * in front; of each key the rest follows. Names are bytes, since a string for each would be an object on V8's heap.
 */
export class KeyLeaf {
  /** Number of keys. */
  count = 0;
  readonly #arena: Arena;
  #block: Block = noBlock;
  /** Bytes that the block has for names. */
  #room = 0;
  /** Bytes that all keys begin with. */
  #prefix = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Bytes of the names as they are stored. */
  get namesBytes(): number {
    return this.count === 0 ? 0 : this.#end(this.count - 1);
  }

  /** Whether the leaf has to be cut before it gets another key. */
  get full(): boolean {
    return this.count === leafKeysMax || (this.count > 1 && this.namesBytes > leafNamesMax);
  }

  row(place: number): Row {
    return this.#arena.segment(this.#block).words[wordOffset(this.#block) + place] ?? noRow;
  }

  key(place: number): Key {
    const { bytes } = this.#arena.segment(this.#block);
    const names = this.#names;
    const [from, to] = [names + this.#start(place), names + this.#end(place)];
    const rest = bytes.toString("latin1", from, to);
    return this.#prefix === 0 ? rest : bytes.toString("latin1", names, names + this.#prefix) + rest;
  }

  /** Number of bytes of the key at `place`. */
  keyLength(place: number): number {
    return this.#length(place);
  }

  /** Writes the key at `place` into `target`, from its byte `at` on. */
  writeKey(place: number, target: Uint8Array, at: number): void {
    const { bytes } = this.#arena.segment(this.#block);
    const names = this.#names;
    const prefix = this.#prefix;
    const rest = names + this.#start(place);
    const restLength = names + this.#end(place) - rest;
    // Names are short, and a copy with a loop is faster then.
    for (let byte = 0; byte < prefix; byte++) target[at + byte] = bytes[names + byte] ?? 0;
    for (let byte = 0; byte < restLength; byte++) target[at + prefix + byte] = bytes[rest + byte] ?? 0;
  }

  /** The first place whose key is not below `key`; its complement (`~place`) when the key there is another one. */
  find(key: Key): number {
    const { count } = this;
    if (count === 0) return ~0;
    const { bytes } = this.#arena.segment(this.#block);
    const names = this.#names;
    const order = compare(key, 0, bytes, names, names + this.#prefix, true);
    if (order !== 0) return order < 0 ? ~0 : ~count;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const below = compare(key, this.#prefix, bytes, names + this.#start(middle), names + this.#end(middle), false);
      if (below === 0) return middle;
      if (below > 0) low = middle + 1;
      else high = middle;
    }
    return ~low;
  }

  /**
   * As `find`, for the name in the bytes `[from, to)` of `names`.
   *
   * @param low a place before which all keys are below the name
   */
  findIn(names: Uint8Array, from: number, to: number, low: number): number {
    const { count } = this;
    if (count === 0) return ~0;
    const { bytes, words } = this.#arena.segment(this.#block);
    const start = this.#names;
    const prefix = this.#prefix;
    const ends = wordOffset(this.#block) + endsAt;
    for (let at = 0; at < prefix; at++) {
      if (from + at === to) return ~0;
      const order = (names[from + at] ?? 0) - (bytes[start + at] ?? 0);
      if (order !== 0) return order < 0 ? ~0 : ~count;
    }
    let first = low;
    let high = count;
    while (first < high) {
      const middle = (first + high) >>> 1;
      let at = start + (middle === 0 ? prefix : (words[ends + middle - 1] ?? 0));
      const end = start + (words[ends + middle] ?? 0);
      let byte = from + prefix;
      while (at < end && byte < to && bytes[at] === names[byte]) {
        at++;
        byte++;
      }
      if (at === end && byte === to) return middle;
      if (byte < to && (at === end || (names[byte] ?? 0) > (bytes[at] ?? 0))) first = middle + 1;
      else high = middle;
    }
    return ~first;
  }

  insert(place: number, key: Key, row: Row): void {
    assert(this.count < leafKeysMax, "a full leaf is cut before it gets another key");
    if (this.count === 0) this.#rewrite(this, 0, 0, key.length, key.length, key);
    else {
      const prefix = this.#shared(key);
      const added = key.length - prefix;
      const grown = this.namesBytes + (this.#prefix - prefix) * (this.count - 1) + added;
      if (prefix < this.#prefix || grown > this.#room) this.#rewrite(this, 0, this.count, prefix, grown);
    }
    const { bytes, words } = this.#arena.segment(this.#block);
    const table = wordOffset(this.#block);
    const ends = table + endsAt;
    const names = this.#names;
    const prefix = this.#prefix;
    const start = place === 0 ? prefix : (words[ends + place - 1] ?? 0);
    const length = key.length - prefix;
    if (place < this.count) {
      bytes.copyWithin(names + start + length, names + start, names + this.namesBytes);
      words.copyWithin(table + place + 1, table + place, table + this.count);
      for (let at = ends + this.count; at > ends + place; at--) words[at] = (words[at - 1] ?? 0) + length;
    }
    words[table + place] = row;
    words[ends + place] = start + length;
    for (let at = 0; at < length; at++) bytes[names + start + at] = key.charCodeAt(prefix + at);
    this.count++;
  }

  remove(place: number): void {
    const { bytes, words } = this.#arena.segment(this.#block);
    const table = wordOffset(this.#block);
    const names = this.#names;
    const [start, end] = [this.#start(place), this.#end(place)];
    bytes.copyWithin(names + start, names + end, names + this.namesBytes);
    words.copyWithin(table + place, table + place + 1, table + this.count);
    for (let at = place; at < this.count - 1; at++) {
      words[table + endsAt + at] = (words[table + endsAt + at + 1] ?? 0) - (end - start);
    }
    this.count--;
    if (this.count > 0 && 3 * this.namesBytes < this.#room) this.#rewrite(this, 0, this.count, this.#prefix);
  }

  /** The bytes that all keys begin with. It is a view, valid until the index changes. */
  get prefix(): Uint8Array {
    return this.#view(this.#names, this.#names + this.#prefix);
  }

  /** The bytes behind the prefix, of all keys from `place` on; a view as `prefix`. */
  restsFrom(place: number): Uint8Array {
    return this.#view(this.#names + this.#start(place), this.#names + this.namesBytes);
  }

  /** Number of bytes of a key behind the prefix. */
  restLength(place: number): number {
    return this.#end(place) - this.#start(place);
  }

  /**
   * Fills the empty leaf with keys in order, whose rows follow through `setRow`.
   *
   * @param restLengths for each key the number of bytes behind the prefix
   * @param rests these bytes, of all keys
   */
  fill(count: number, prefix: Uint8Array, restLengths: Uint32Array, rests: Uint8Array): void {
    assert(this.count === 0 && count > 0, "only an empty leaf is filled");
    const size = blockBytes(tableBytes + prefix.length + rests.length);
    this.#block = this.#arena.take(size);
    this.#room = size - tableBytes;
    this.#prefix = prefix.length;
    this.count = count;
    const { bytes, words } = this.#arena.segment(this.#block);
    const ends = wordOffset(this.#block) + endsAt;
    bytes.set(prefix, this.#names);
    bytes.set(rests, this.#names + prefix.length);
    let end = prefix.length;
    for (let place = 0; place < count; place++) {
      end += restLengths[place] ?? 0;
      words[ends + place] = end;
    }
    assert(end === prefix.length + rests.length, "the names of a leaf are as long as their lengths say");
  }

  setRow(place: number, row: Row): void {
    this.#arena.segment(this.#block).words[wordOffset(this.#block) + place] = row;
  }

  /** Moves the keys from `place` on to the empty leaf `right`. */
  cut(place: number, right: KeyLeaf): void {
    right.#rewrite(this, place, this.count, this.#sharedBy(place, this.count - 1));
    this.#rewrite(this, 0, place, this.#sharedBy(0, place - 1));
  }

  /** Takes the keys of `right`, which follow those of this leaf; there must be room for them. */
  absorb(right: KeyLeaf): void {
    for (let place = 0; place < right.count; place++) this.insert(this.count, right.key(place), right.row(place));
    right.clear();
  }

  /** Frees the memory of the leaf, whose keys are gone. */
  clear(): void {
    if (this.#block !== noBlock) this.#arena.give(this.#block, tableBytes + this.#room);
    this.#block = noBlock;
    this.count = 0;
    this.#room = 0;
    this.#prefix = 0;
  }

  /**
   * Fills a new block with the keys `[from, to)` of `source`, which may be this leaf.
   *
   * @param prefix number of bytes that all of these keys, and the one to come, begin with
   * @param room bytes for names; at least those of the keys
   * @param first the key that the prefix comes from when there is none in `source`
   */
  #rewrite(source: KeyLeaf, from: number, to: number, prefix: number, room?: number, first?: Key): void {
    const names = first ?? source.key(from);
    const count = to - from;
    const rests = count === 0 ? 0 : source.#end(to - 1) - source.#start(from);
    const needed = prefix + rests + count * (source.#prefix - prefix);
    const size = blockBytes(tableBytes + Math.max(needed, room ?? 0));
    const block = this.#arena.take(size);
    const { bytes, words } = this.#arena.segment(block);
    const namesTo = byteOffset(block) + tableBytes;
    const table = wordOffset(block);
    bytes.write(names, namesTo, prefix, "latin1");
    if (count > 0) {
      const old = this.#arena.segment(source.#block);
      const oldTable = wordOffset(source.#block);
      const oldNames = source.#names;
      // A longer prefix takes bytes from each key, a shorter one leaves the end of the old one to each.
      const dropped = Math.max(prefix - source.#prefix, 0);
      let start = source.#start(from);
      let end = prefix;
      for (let place = from; place < to; place++) {
        const behind = old.words[oldTable + endsAt + place] ?? 0;
        for (let at = prefix; at < source.#prefix; at++) bytes[namesTo + end++] = old.bytes[oldNames + at] ?? 0;
        end += copyName(old.bytes, oldNames + start + dropped, oldNames + behind, bytes, namesTo + end);
        words[table + place - from] = old.words[oldTable + place] ?? noRow;
        words[table + endsAt + place - from] = end;
        start = behind;
      }
    }
    if (this.#block !== noBlock) this.#arena.give(this.#block, tableBytes + this.#room);
    this.#block = block;
    this.#room = size - tableBytes;
    this.#prefix = prefix;
    this.count = count;
  }

  #view(from: number, to: number): Uint8Array {
    return this.#arena.segment(this.#block).bytes.subarray(from, to);
  }

  /** Offset of the names in the block's segment. */
  get #names(): number {
    return byteOffset(this.#block) + tableBytes;
  }

  /** Where the rest of a key begins among the names. */
  #start(place: number): number {
    return place === 0 ? this.#prefix : this.#end(place - 1);
  }

  #end(place: number): number {
    return this.#arena.segment(this.#block).words[wordOffset(this.#block) + endsAt + place] ?? 0;
  }

  #length(place: number): number {
    return this.#prefix + this.#end(place) - this.#start(place);
  }

  /** Number of bytes of the prefix that `key` begins with, too. */
  #shared(key: Key): number {
    const { bytes } = this.#arena.segment(this.#block);
    const names = this.#names;
    const most = Math.min(this.#prefix, key.length);
    let shared = 0;
    while (shared < most && key.charCodeAt(shared) === bytes[names + shared]) shared++;
    return shared;
  }

  /** Number of bytes that the keys at two places, and so all between them, begin with. */
  #sharedBy(first: number, last: number): number {
    const { bytes } = this.#arena.segment(this.#block);
    const names = this.#names;
    const [one, other] = [names + this.#start(first), names + this.#start(last)];
    const most = Math.min(this.#length(first), this.#length(last)) - this.#prefix;
    let shared = 0;
    while (shared < most && bytes[one + shared] === bytes[other + shared]) shared++;
    return this.#prefix + shared;
  }
}

/** Copies the bytes `[from, to)`, which are few mostly: a call of native code costs as much as a loop over 50. */
function copyName(source: Buffer, from: number, to: number, target: Buffer, at: number): number {
  if (to - from > 50) return source.copy(target, at, from, to);
  for (let byte = from, place = at; byte < to; byte++, place++) target[place] = source[byte] ?? 0;
  return to - from;
}

/**
 * Compares a key from its byte `at` on with the bytes `[from, to)`: negative when the key is smaller.
 *
 * @param isPrefix the bytes are only the beginning of what the key is compared with: 0 when the key begins with them
 */
function compare(key: Key, at: number, bytes: Uint8Array, from: number, to: number, isPrefix: boolean): number {
  const length = key.length - at;
  const common = Math.min(length, to - from);
  for (let place = 0; place < common; place++) {
    const order = key.charCodeAt(at + place) - (bytes[from + place] ?? 0);
    if (order !== 0) return order;
  }
  return isPrefix ? Math.min(length - (to - from), 0) : length - (to - from);
}
