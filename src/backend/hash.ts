import { crc32c, type Turns } from "../base/index.js";
import type { Readable } from "./backend.js";
import { allBuckets, type Bucket } from "./buckets.js";

/**
 * Records of the bucket `meta` that differ between members with the same data: how far each has applied, in which term,
 * and to which storage version it has migrated its database.
 */
const notHashed: ReadonlySet<string> = new Set(["consistent_index", "term", "storageVersion"]);

/**
 * etcd's hash of a whole backend: CRC-32C over each bucket's name followed by its keys and values, buckets and keys in
 * byte order. The work is done in turns, with other work of the event loop between them.
 */
export async function hashBuckets(source: Readable, turns: Turns): Promise<number> {
  let hash = 0;
  for (const bucket of allBuckets) {
    hash = crc32c(Buffer.from(bucket, "latin1"), hash);
    for await (const rows of source.batches(bucket)) {
      for (const [key, value] of rows) {
        if (!isIgnored(bucket, key)) hash = crc32c(value, crc32c(key, hash));
        if (turns.over(value.byteLength)) await turns.rest();
      }
    }
  }
  return hash;
}

function isIgnored(bucket: Bucket, key: Uint8Array): boolean {
  return bucket === "meta" && notHashed.has(Buffer.from(key).toString("latin1"));
}
