import type { Key } from "./ids.js";

/** Keys of a block. The newest ones are strings until there are enough for a block. */
const keysOfBlock = 1_024;

interface Block {
  /** The keys, one after the other. */
  readonly bytes: Buffer;
  readonly ends: Uint32Array;
}

/**
 * A list of keys that takes four bytes for each beside its name, outside of V8's heap: one request may concern all keys
 * of the store.
 */
export class PackedKeys implements Iterable<Key> {
  readonly #blocks: Block[] = [];
  #newest: Key[] = [];

  get length(): number {
    return this.#blocks.length * keysOfBlock + this.#newest.length;
  }

  push(key: Key): void {
    this.#newest.push(key);
    if (this.#newest.length < keysOfBlock) return;
    const ends = new Uint32Array(keysOfBlock);
    let end = 0;
    for (const [at, { length }] of this.#newest.entries()) {
      end += length;
      ends[at] = end;
    }
    this.#blocks.push({ bytes: Buffer.from(this.#newest.join(""), "latin1"), ends });
    this.#newest = [];
  }

  *[Symbol.iterator](): Generator<Key, void, undefined> {
    for (const { bytes, ends } of this.#blocks) {
      let start = 0;
      for (const end of ends) {
        yield bytes.toString("latin1", start, end);
        start = end;
      }
    }
    yield* this.#newest;
  }
}
