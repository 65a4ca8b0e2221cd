import { assert, readBE64, writeBE64 } from "../base/index.js";
import { allBuckets, type Bucket, bucketEnd, bucketStart, keyInBucket, prefixOf } from "./buckets.js";
import type { LevelStore } from "./level-store.js";
import type { NewRows } from "./new-rows.js";

/** How much a bucket holds. */
export interface BucketSize {
  readonly rows: number;
  /** Bytes of all keys and values. */
  readonly bytes: number;
  /** No key of the bucket is longer, nor was one since the database was made. */
  readonly keyBytesMax: number;
}

/** Numbers of buckets are below this. */
const prefixesMax = 32;
/** Bytes that count for a bucket's number in each key, wherever the key is stored. */
const prefixBytes = 1;
const numberBytes = 8;
/** Length of the record of an earlier release, which had only the total. */
const totalOnlyBytes = numberBytes;
/** Rows that are counted at once. */
const rowsAtOnce = 1000;
const recordBytes = totalOnlyBytes + allBuckets.length * 3 * numberBytes;

/** The sizes of all buckets, counted with every put and delete, so that nothing has to be read to know them. */
export class BucketSizes {
  /** Bytes of all live entries, with the prefixes of their buckets. */
  total = 0;
  readonly #rows = new Float64Array(prefixesMax);
  readonly #bytes = new Float64Array(prefixesMax);
  readonly #keyBytesMax = new Float64Array(prefixesMax);

  /** The bucket `own` does not count. */
  add(bucket: Bucket, keyBytes: number, valueBytes: number): void {
    if (bucket === "own") return;
    const prefix = prefixOf(bucket);
    this.total += prefixBytes + keyBytes + valueBytes;
    this.#rows[prefix] = (this.#rows[prefix] ?? 0) + 1;
    this.#bytes[prefix] = (this.#bytes[prefix] ?? 0) + keyBytes + valueBytes;
    if (keyBytes > (this.#keyBytesMax[prefix] ?? 0)) this.#keyBytesMax[prefix] = keyBytes;
  }

  /** Like `add` for each of the rows. */
  addRows({ bucket, length, keyBytes, keyBytesMax, valueBytes }: NewRows): void {
    if (bucket === "own") return;
    const prefix = prefixOf(bucket);
    this.total += prefixBytes * length + keyBytes + valueBytes;
    this.#rows[prefix] = (this.#rows[prefix] ?? 0) + length;
    this.#bytes[prefix] = (this.#bytes[prefix] ?? 0) + keyBytes + valueBytes;
    this.#keyBytesMax[prefix] = Math.max(this.#keyBytesMax[prefix] ?? 0, keyBytesMax);
  }

  remove(bucket: Bucket, keyBytes: number, valueBytes: number): void {
    if (bucket === "own") return;
    const prefix = prefixOf(bucket);
    this.total -= prefixBytes + keyBytes + valueBytes;
    this.#rows[prefix] = (this.#rows[prefix] ?? 0) - 1;
    this.#bytes[prefix] = (this.#bytes[prefix] ?? 0) - keyBytes - valueBytes;
  }

  of(bucket: Bucket): BucketSize {
    const prefix = prefixOf(bucket);
    return {
      rows: this.#rows[prefix] ?? 0,
      bytes: this.#bytes[prefix] ?? 0,
      keyBytesMax: this.#keyBytesMax[prefix] ?? 0,
    };
  }

  copy(): BucketSizes {
    const copy = new BucketSizes();
    copy.total = this.total;
    copy.#rows.set(this.#rows);
    copy.#bytes.set(this.#bytes);
    copy.#keyBytesMax.set(this.#keyBytesMax);
    return copy;
  }

  encode(): Buffer {
    assert(this.total >= 0, "live entries take no less than nothing");
    const record = Buffer.alloc(recordBytes);
    writeBE64(record, 0, this.total);
    for (const [at, bucket] of allBuckets.entries()) {
      const { rows, bytes, keyBytesMax } = this.of(bucket);
      const start = totalOnlyBytes + at * 3 * numberBytes;
      writeBE64(record, start, rows);
      writeBE64(record, start + numberBytes, bytes);
      writeBE64(record, start + 2 * numberBytes, keyBytesMax);
    }
    return record;
  }

  /** @returns undefined for a record of an earlier release, which does not tell */
  static decode(record: Uint8Array): BucketSizes | undefined {
    if (record.byteLength !== recordBytes) return undefined;
    const sizes = new BucketSizes();
    sizes.total = readBE64(record, 0);
    for (const [at, bucket] of allBuckets.entries()) {
      const prefix = prefixOf(bucket);
      const start = totalOnlyBytes + at * 3 * numberBytes;
      sizes.#rows[prefix] = readBE64(record, start);
      sizes.#bytes[prefix] = readBE64(record, start + numberBytes);
      sizes.#keyBytesMax[prefix] = readBE64(record, start + 2 * numberBytes);
    }
    return sizes;
  }
}

/** The sizes of the buckets, from their record. A database of an earlier release has none: its rows are counted. */
export async function readSizes(store: LevelStore, recordKey: Uint8Array): Promise<BucketSizes> {
  const record = store.getSync(recordKey);
  if (record === undefined) return new BucketSizes();
  const found = BucketSizes.decode(record);
  if (found !== undefined) return found;
  const counted = new BucketSizes();
  for (const bucket of allBuckets) {
    const iterator = store.iterate(bucketStart(bucket), bucketEnd(bucket));
    try {
      for (let rows = await iterator.nextv(rowsAtOnce); rows.length > 0; rows = await iterator.nextv(rowsAtOnce)) {
        for (const [key, value] of rows) counted.add(bucket, keyInBucket(key).byteLength, value.byteLength);
      }
    } finally {
      await iterator.close();
    }
  }
  return counted;
}
