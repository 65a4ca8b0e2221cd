import { bytesOf, type StoredKey } from "./buckets.js";
import { PackedRows } from "./packed-rows.js";

/**
 * The new value of a key; null removes the key. Changes wait long enough to be moved by the garbage collector, so each
 * of them is a text and a value, and no object of its own.
 */
export type Change = Uint8Array | null;

/** Keys in order. */
export interface OrderedKeys {
  readonly length: number;
  /** The key at a place; undefined behind the last one. */
  at(place: number): StoredKey | undefined;
}

/** The most keys that are sorted in less than a millisecond. */
const sortedAtOnce = 2_048;
/** The most bytes of changes that are packed. A layer of larger ones has few objects for its bytes. */
const packedBytesMax = 4 * 1024 * 1024;

/** A sequence of changes, of which the last one of each key counts. A sealed layer gets no more changes. */
export class Layer {
  #changes = new Map<StoredKey, Change>();
  /** All changes of a sealed layer, in place of `#changes`. */
  #packed: PackedRows | undefined;
  #order: readonly StoredKey[] | undefined;

  /** A sealed layer with these changes. */
  static of(rows: PackedRows): Layer {
    const layer = new Layer();
    layer.#packed = rows;
    return layer;
  }

  /** Whether the changes lie outside of V8's heap. */
  get packed(): boolean {
    return this.#packed !== undefined;
  }

  /** Number of keys. */
  get size(): number {
    return this.#packed?.length ?? this.#changes.size;
  }

  get(key: StoredKey): Change | undefined {
    return this.#packed === undefined ? this.#changes.get(key) : this.#packed.find(key);
  }

  /** Changes a key of a layer that is not sealed. */
  set(key: StoredKey, change: Change): void {
    this.#changes.set(key, change);
  }

  /** All keys with their changes. */
  rows(): Iterable<readonly [StoredKey, Change]> {
    return this.#packed?.rows() ?? this.#changes;
  }

  /** Like `rows`, with keys as bytes. */
  *byteRows(): Generator<readonly [Uint8Array, Change], void, undefined> {
    const packed = this.#packed;
    if (packed === undefined) for (const [key, change] of this.#changes) yield [bytesOf(key), change];
    else for (let row = 0; row < packed.length; row++) yield [packed.keyBytes(row), packed.change(row)];
  }

  /** Moves the changes of a sealed layer out of V8's heap, if they are small. */
  pack(): void {
    let bytes = 0;
    for (const [key, change] of this.#changes) bytes += key.length + (change?.byteLength ?? 0);
    if (bytes > packedBytesMax || this.#changes.size === 0) return;
    this.#packed = PackedRows.of(this.#sorted(), this.#changes);
    this.#changes = new Map();
    this.#order = undefined;
  }

  /** The layer's keys in order. Only a sealed layer may be asked, since the order is computed once. */
  order(): OrderedKeys {
    return this.#packed ?? this.#sorted();
  }

  /** Sorts the keys for `order`. @returns whether the sorting took some milliseconds */
  sort(): boolean {
    if (this.#packed !== undefined || this.#order !== undefined) return false;
    return this.#sorted().length > sortedAtOnce;
  }

  #sorted(): readonly StoredKey[] {
    this.#order ??= [...this.#changes.keys()].sort(compareKeys);
    return this.#order;
  }
}

export function compareKeys(left: StoredKey, right: StoredKey): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
