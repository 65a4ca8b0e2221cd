import type { KvHash } from "./hash.js";

/** How many compactions are remembered. */
const rememberedMax = 10;

/**
 * What compactions summed up in passing: the history between one and the next, which cannot be read any more. Asked
 * for a revision that was compacted, a member tells this one, so members can be compared there too.
 */
export class HashCache {
  #hashes: KvHash[] = [];

  add(hash: KvHash): void {
    this.#hashes.push(hash);
    this.#hashes.sort((left, right) => left.revision - right.revision);
    if (this.#hashes.length > rememberedMax) this.#hashes.shift();
  }

  /** The newest compaction first. */
  all(): readonly KvHash[] {
    return [...this.#hashes].reverse();
  }

  find(revision: number): KvHash | undefined {
    return this.#hashes.find((hash) => hash.revision === revision);
  }
}
