import type { Bucket, StoredKey } from "./buckets.js";

/**
 * Lengths of the values in the bucket `meta` that have been put, a few records that each batch renews. A look into
 * LevelDB would wait as long as it begins a new log, which takes seconds on a disk that is busy.
 */
export class MetaLengths {
  readonly #lengths = new Map<StoredKey, number>();

  /** The length of a value; undefined when it is not known. */
  get(bucket: Bucket, id: StoredKey): number | undefined {
    return bucket === "meta" ? this.#lengths.get(id) : undefined;
  }

  put(bucket: Bucket, id: StoredKey, bytes: number): void {
    if (bucket === "meta") this.#lengths.set(id, bytes);
  }

  delete(id: StoredKey): void {
    this.#lengths.delete(id);
  }

  clear(): void {
    this.#lengths.clear();
  }
}
