import { assert, type RowSink } from "../base/index.js";
import { bucketFlag, elementBytes, headerBytes, writeHeader } from "./page.js";

/** The capacities of a new leaf; both grow. */
const dataBytesFirst = 4 * 1024;
const elementsFirst = 64;
/** Fewer bytes, such as those of a revision, are copied faster in a loop than by a call. */
const loopBytesMax = 32;

/**
 * The elements of a leaf that is being made: pairs, or buckets with their names. There is no object for an element: a
 * snapshot of a large database has very many.
 */
export class NewLeaf implements RowSink {
  /** Size of the elements with the page's header. */
  bytes = headerBytes;
  readonly #flags: number;
  #count = 0;
  /** Keys and values as the page has them. */
  #data = Buffer.allocUnsafeSlow(dataBytesFirst);
  #dataBytes = 0;
  /** Length of the key and of the value of each element. */
  #lengths = new Uint32Array(2 * elementsFirst);
  /** Where the last key lies; also that of a leaf that has been cleared, until an element is added. */
  #lastKeyAt = 0;
  #lastKeyBytes = 0;
  #table = Buffer.allocUnsafeSlow(headerBytes + elementsFirst * elementBytes);

  /** @param ofBuckets whether the elements are buckets; pairs by default */
  constructor(ofBuckets = false) {
    this.#flags = ofBuckets ? bucketFlag : 0;
  }

  /** Adds an element. Its key is not empty, and behind all keys before, including those that have been removed. */
  add(
    keys: Uint8Array,
    keyAt: number,
    keyBytes: number,
    values: Uint8Array,
    valueAt: number,
    valueBytes: number,
  ): void {
    assert(keyBytes > 0, "no key of a stored pair is empty");
    assert(this.#isBehindLast(keys, keyAt, keyBytes), "pairs come in order of their keys");
    const start = this.#dataBytes;
    const end = start + keyBytes + valueBytes;
    if (end > this.#data.length || 2 * this.#count === this.#lengths.length) this.#grow(end);
    const data = this.#data;
    copy(keys, keyAt, keyBytes, data, start);
    copy(values, valueAt, valueBytes, data, start + keyBytes);
    this.#lengths[2 * this.#count] = keyBytes;
    this.#lengths[2 * this.#count + 1] = valueBytes;
    this.#count++;
    this.#lastKeyAt = start;
    this.#lastKeyBytes = keyBytes;
    this.#dataBytes = end;
    this.bytes += elementBytes + keyBytes + valueBytes;
  }

  /** Removes all elements, so that the next leaf of the tree can be made. */
  clear(): void {
    this.#count = 0;
    this.#dataBytes = 0;
    this.bytes = headerBytes;
  }

  /** A view, as `data` is: valid until an element is added. */
  get firstKey(): Uint8Array {
    assert(this.#count > 0, "a page of a tree with more than one has an element");
    return this.#data.subarray(0, this.#lengths[0]);
  }

  /** The keys and values, which come behind the table. */
  get data(): Uint8Array {
    return this.#data.subarray(0, this.#dataBytes);
  }

  /** The page's header and the table of its elements. */
  table(id: number, overflow: number): Uint8Array {
    const bytes = headerBytes + this.#count * elementBytes;
    if (this.#table.length < bytes) this.#table = Buffer.allocUnsafeSlow(2 * bytes);
    const table = this.#table;
    writeHeader(table, id, "leaf", this.#count, overflow);
    const view = new DataView(table.buffer, table.byteOffset, bytes);
    const lengths = this.#lengths;
    let data = bytes;
    for (let at = headerBytes, element = 0; at < bytes; at += elementBytes, element += 2) {
      const keyBytes = lengths[element] ?? 0;
      const valueBytes = lengths[element + 1] ?? 0;
      view.setUint32(at, this.#flags, true);
      view.setUint32(at + 4, data - at, true);
      view.setUint32(at + 8, keyBytes, true);
      view.setUint32(at + 12, valueBytes, true);
      data += keyBytes + valueBytes;
    }
    return table.subarray(0, bytes);
  }

  #isBehindLast(keys: Uint8Array, keyAt: number, keyBytes: number): boolean {
    const lastBytes = this.#lastKeyBytes;
    const data = this.#data;
    const shorter = Math.min(lastBytes, keyBytes);
    for (let at = 0; at < shorter; at++) {
      const one = keys[keyAt + at] ?? 0;
      const last = data[this.#lastKeyAt + at] ?? 0;
      if (one !== last) return one > last;
    }
    return keyBytes > lastBytes;
  }

  #grow(dataBytes: number): void {
    if (dataBytes > this.#data.length) {
      const data = Buffer.allocUnsafeSlow(Math.max(dataBytes, 2 * this.#data.length));
      data.set(this.data);
      this.#data = data;
    }
    if (2 * this.#count === this.#lengths.length) {
      const lengths = new Uint32Array(2 * this.#lengths.length);
      lengths.set(this.#lengths);
      this.#lengths = lengths;
    }
  }
}

function copy(from: Uint8Array, at: number, count: number, to: Uint8Array, target: number): void {
  if (count <= loopBytesMax) for (let byte = 0; byte < count; byte++) to[target + byte] = from[at + byte] ?? 0;
  else to.set(at === 0 && count === from.length ? from : from.subarray(at, at + count), target);
}
