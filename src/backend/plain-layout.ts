import { setImmediate as nextTurn } from "node:timers/promises";
import { allBuckets, type Bucket, bucketEnd, bucketStart, keyInBucket, prefixOf, storedKey } from "./buckets.js";
import type { LevelBatch, LevelStore } from "./level-store.js";

/*
 * The layout of earlier releases: the rows of all buckets of etcd have keys that begin with the number of their bucket,
 * so that most of them lie behind the revisions. Only the keys differ from the layout of buckets.ts.
 */

/** Rows that are moved in one turn of the event loop. */
const rowsAtOnce = 500;
/** A database with more rows stays in the newer layout: a stop should not take seconds. */
const rowsMax = 100_000;

const movedBuckets = allBuckets.filter((bucket) => bucket !== "key");

/** The first stored key behind the revisions, where only the plain layout has rows. */
export const plainStart: Uint8Array = bucketEnd("key");

/** Adds to a batch the step from the plain layout to that of buckets.ts. */
export async function leavePlainLayout(store: LevelStore, batch: LevelBatch): Promise<void> {
  for (const bucket of movedBuckets) {
    const prefix = prefixOf(bucket);
    const [low, high] = [Buffer.of(prefix), Buffer.of(prefix + 1)];
    await move(store, batch, low, high, (key) => storedKey(bucket, key.subarray(1)), Number.POSITIVE_INFINITY);
  }
}

/** Adds to a batch the step back to the plain layout. @returns false when there are too many rows */
export async function enterPlainLayout(store: LevelStore, batch: LevelBatch): Promise<boolean> {
  let left = rowsMax;
  for (const bucket of movedBuckets) {
    const [low, high] = [bucketStart(bucket), bucketEnd(bucket)];
    left -= await move(store, batch, low, high, (key) => plainKeyOf(bucket, keyInBucket(key)), left);
    if (left < 0) return false;
  }
  return true;
}

function plainKeyOf(bucket: Bucket, key: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(prefixOf(bucket)), key]);
}

/** @returns the number of rows; the move ends when there are more than `countMax` */
async function move(
  store: LevelStore,
  batch: LevelBatch,
  low: Uint8Array,
  high: Uint8Array,
  keyOf: (key: Uint8Array) => Uint8Array,
  countMax: number,
): Promise<number> {
  let count = 0;
  const iterator = store.iterate(low, high);
  try {
    for (let rows = await iterator.nextv(rowsAtOnce); rows.length > 0; rows = await iterator.nextv(rowsAtOnce)) {
      for (const [key, value] of rows) {
        batch.put(keyOf(key), value);
        batch.del(key);
      }
      count += rows.length;
      if (count > countMax) break;
      await nextTurn();
    }
  } finally {
    await iterator.close();
  }
  return count;
}
