import type { Readable } from "../../backend/index.js";
import { readBE64, writeBE64 } from "../../base/index.js";

/** The format of the files. A reader ignores a checkpoint of another format. */
const format = 1;
const numberBytes = 8;
const fields = [
  "number",
  "startRevision",
  "finished",
  "keys",
  "fileBytes",
  "sum",
  "owedBytes",
] as const satisfies readonly (keyof CheckpointRecord)[];
const recordBytes = 1 + fields.length * numberBytes;

/** The record in the database that makes a file the checkpoint of the index. It is written when the file is whole. */
export interface CheckpointRecord {
  /** Number of the checkpoint, from 1, which is also the file's name. */
  readonly number: number;
  /** The file has all records of the index up to this revision, and possibly later ones. */
  readonly startRevision: number;
  /** The last compaction that had finished when the file was begun; -1 for none. */
  readonly finished: number;
  /** Number of keys in the file, deleted ones that are not compacted included. */
  readonly keys: number;
  readonly fileBytes: number;
  /** CRC-32C of the heads of all blocks, which tell this file from any other. */
  readonly sum: number;
  /** Bytes of checkpoints that are ahead of their share of all bytes written. */
  readonly owedBytes: number;
}

export function encodeCheckpoint(record: CheckpointRecord): Uint8Array {
  const bytes = Buffer.alloc(recordBytes);
  bytes[0] = format;
  // One more, since a number of -1 stands for none.
  for (const [at, field] of fields.entries()) writeBE64(bytes, 1 + at * numberBytes, record[field] + 1);
  return bytes;
}

/** @returns undefined for a record of another release, whose file cannot be read */
export function decodeCheckpoint(bytes: Uint8Array): CheckpointRecord | undefined {
  if (bytes.length !== recordBytes || bytes[0] !== format) return undefined;
  const numbers = Object.fromEntries(fields.map((field, at) => [field, readBE64(bytes, 1 + at * numberBytes) - 1]));
  return numbers as Record<(typeof fields)[number], number>;
}

/** The key of the record in the bucket `own`. */
export const recordKey = Buffer.from("checkpoint", "latin1");

/** The name of a checkpoint's file. */
export function fileName(number: number): string {
  return number.toString(16).padStart(16, "0");
}

/** The name of the side file with the checkpoint that a database names; undefined when it names none. */
export function checkpointFile(database: Pick<Readable, "get">): string | undefined {
  const stored = database.get("own", recordKey);
  const checkpoint = stored && decodeCheckpoint(stored);
  return checkpoint && fileName(checkpoint.number);
}

/** The index cannot be made from the checkpoint. The message says why. */
export class UnusableCheckpoint extends Error {
  override readonly name = "UnusableCheckpoint";
}
