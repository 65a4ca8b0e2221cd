/**
 * bbolt, etcd's file format: reads it from a file, whatever the contents, and writes it as a stream, both with bounded
 * memory. This room knows pages, trees and buckets of ordered pairs; the caller knows the meaning of the pairs, and
 * where the bytes go.
 */
export { BoltError } from "./bolt-error.js";
export type { Pair } from "./page.js";
export type { BoltFile } from "./page-source.js";
export { type BoltBucket, boltBytes, openBolt } from "./reader.js";
export { type BoltPlan, type BucketSource, planBolt } from "./writer.js";
