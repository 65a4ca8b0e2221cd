import type { KvHash } from "./hash.js";

/** Number of compactions whose hash is remembered. */
const rememberedMax = 10;

/**
 * The hashes that compactions computed. Each covers the history between two compactions, which can no longer
 * be read. A member that is asked for the hash of a compacted revision answers with this one, so that members can be
 * compared there, too.
 */
export class HashCache {
  #hashes: KvHash[] = [];

  add(hash: KvHash): void {
    this.#hashes.push(hash);
    this.#hashes.sort((left, right) => left.revision - right.revision);
    if (this.#hashes.length > rememberedMax) this.#hashes.shift();
  }

  /** All hashes, the newest compaction first. */
  all(): readonly KvHash[] {
    return [...this.#hashes].reverse();
  }

  find(revision: number): KvHash | undefined {
    return this.#hashes.find((hash) => hash.revision === revision);
  }
}
