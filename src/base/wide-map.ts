/** Number of parts. With a million entries, a part has about a thousand and doubles within 100 us. */
const partsMax = 1024;

type WideKey = string | bigint;

/**
 * A map for very many entries. A `Map` doubles its table in one step, which takes 100 to 500 ms for a million entries;
 * here each of many parts grows by itself. The order of entries is the same for the same calls, but not that in which
 * they were added.
 */
export class WideMap<K extends WideKey, V> {
  readonly #parts: (Map<K, V> | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: K): V | undefined {
    return this.#parts[partOf(key)]?.get(key);
  }

  has(key: K): boolean {
    return this.#parts[partOf(key)]?.has(key) === true;
  }

  set(key: K, value: V): void {
    const number = partOf(key);
    let part = this.#parts[number];
    if (part === undefined) {
      part = new Map();
      this.#parts[number] = part;
    }
    this.#size -= part.size;
    part.set(key, value);
    this.#size += part.size;
  }

  /** @returns whether there was such an entry */
  delete(key: K): boolean {
    const number = partOf(key);
    const part = this.#parts[number];
    if (part?.delete(key) !== true) return false;
    this.#size--;
    if (part.size === 0) this.#parts[number] = undefined;
    return true;
  }

  *keys(): Iterable<K> {
    for (const part of this.#parts) if (part !== undefined) yield* part.keys();
  }

  *values(): Iterable<V> {
    for (const part of this.#parts) if (part !== undefined) yield* part.values();
  }

  *[Symbol.iterator](): Iterator<[K, V]> {
    for (const part of this.#parts) if (part !== undefined) yield* part;
  }
}

/** Which part a key is in. Neighbours and keys that differ only at one end must spread over all parts. */
export function partOf(key: WideKey): number {
  if (typeof key === "bigint") {
    const low = Number(BigInt.asUintN(32, key));
    const high = Number(BigInt.asUintN(32, key >> 32n));
    return mixed(Math.imul(low, 0x9e3779b1) ^ high);
  }
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return mixed(hash);
}

/** Makes a number of a part from all bits of a hash. */
function mixed(hash: number): number {
  const spread = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (spread ^ (spread >>> 13)) & (partsMax - 1);
}
