/**
 * etcd's file format, bbolt's: read from a file, whatever is in it, and written as a stream, both with bounded memory.
 * It knows pages, trees and buckets of ordered pairs; what the pairs mean, and where the bytes go, is its caller's.
 */
export { BoltError } from "./bolt-error.js";
export type { Pair } from "./page.js";
export { type BoltBucket, openBolt } from "./reader.js";
export { type BoltPlan, type BucketSource, planBolt } from "./writer.js";
