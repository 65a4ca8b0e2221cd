import { assert, readBE64, writeBE64 } from "../base/index.js";
import { bucketEnd, bucketStart, ownKey, prefixOf, storedKey } from "./buckets.js";
import { damaged } from "./disk-error.js";

/*
 * LevelDB merges a new table with all older ones whose key ranges overlap with its own. Revisions only grow, so tables
 * of revisions alone would never overlap. But every batch also renews a few rows, which lie before and behind all
 * revisions and would make each table as wide as the database. So a batch puts these rows into one record, whose key
 * lies behind the newest revision: 1, main revision (8), 0xff, number of the record (8).
 */

/** Record of the sizes of all buckets, as of the batch that contains the record. */
export const inUseKey = ownKey("bytesInUse");

/** The rows that nearly every batch renews, by their stored keys. */
export const renewedKeys: readonly Buffer[] = [
  inUseKey,
  storedKey("meta", Buffer.from("consistent_index", "latin1")),
  storedKey("meta", Buffer.from("term", "latin1")),
];

/** All keys of revisions, and of records of batches, lie in `[first, end)`. */
export const revisionKeys = { first: bucketStart("key"), end: bucketEnd("key") } as const;

/** Values of the renewed rows, in the order of `renewedKeys`; undefined for a row that does not exist. */
export type RenewedRows = readonly (Uint8Array | undefined)[];

/** Names a record. Later records have larger numbers, and no smaller revision. */
export interface RecordName {
  readonly main: number;
  /** 1 or more. */
  readonly number: number;
}

export interface BatchRecord {
  readonly rows: RenewedRows;
  /** The newest of the older records that were left in the database. */
  readonly left: RecordName | undefined;
  /** Number of older records in the database: each of them names the one before in `left`. */
  readonly leftCount: number;
}

const prefix = prefixOf("key");
/** Behind the main revision, where the key of a revision has an underscore. */
const mark = 0xff;
const underscore = 0x5f;
const markAt = 9;
const recordKeyBytes = 18;
const format = 1;
const headBytes = 1 + 3 * 8;
const lengthBytes = 4;

export function recordKey({ main, number }: RecordName): Buffer {
  const key = Buffer.allocUnsafe(recordKeyBytes);
  key[0] = prefix;
  writeBE64(key, 1, main);
  key[markAt] = mark;
  writeBE64(key, markAt + 1, number);
  return key;
}

export function isRecordKey(key: Uint8Array): boolean {
  return isRecordKeyIn(key, 0, key.byteLength);
}

/** Whether the part of `bytes` with that length is the key of a record. */
export function isRecordKeyIn(bytes: Uint8Array, at: number, length: number): boolean {
  return bytes[at + markAt] === mark && bytes[at] === prefix && length === recordKeyBytes;
}

export function recordName(key: Uint8Array): RecordName {
  return { main: readBE64(key, 1), number: readBE64(key, markAt + 1) };
}

/** The main revision in a stored key of the bucket `key`; 0 for any other key. */
export function mainOf(key: Uint8Array): number {
  return key[0] === prefix && key[markAt] === underscore && key.byteLength >= recordKeyBytes ? readBE64(key, 1) : 0;
}

/** The place of a stored key in `renewedKeys`; -1 for all other keys. */
export function renewedPlace(key: Uint8Array): number {
  if (key[0] === prefix) return -1;
  return renewedKeys.findIndex((renewed) => renewed.byteLength === key.byteLength && renewed.compare(key) === 0);
}

export function encodeRecord({ rows, left, leftCount }: BatchRecord): Buffer {
  const head = Buffer.alloc(headBytes);
  head[0] = format;
  writeBE64(head, 1, left?.main ?? 0);
  writeBE64(head, 9, left?.number ?? 0);
  writeBE64(head, 17, leftCount);
  const parts: Uint8Array[] = [head];
  for (const value of rows) {
    const length = Buffer.alloc(lengthBytes);
    length.writeUInt32BE(value === undefined ? 0 : value.byteLength + 1);
    parts.push(length);
    if (value !== undefined) parts.push(value);
  }
  return Buffer.concat(parts);
}

/** @throws DiskError when it is no such record */
export function decodeRecord(stored: Uint8Array): BatchRecord {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  if (bytes[0] !== format) throw damaged(`the record of a batch has format ${bytes[0]}, not ${format}`);
  const left = { main: readBE64(bytes, 1), number: readBE64(bytes, 9) };
  let at = headBytes;
  const rows = renewedKeys.map(() => {
    assert(at + lengthBytes <= bytes.byteLength, "the record of a batch holds all rows that batches renew");
    const length = bytes.readUInt32BE(at);
    at += lengthBytes;
    if (length === 0) return undefined;
    at += length - 1;
    return bytes.subarray(at - length + 1, at);
  });
  return { rows, left: left.number === 0 ? undefined : left, leftCount: readBE64(bytes, 17) };
}
