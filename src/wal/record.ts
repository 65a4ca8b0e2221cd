import { assert, crc32c, readBE64, writeBE64 } from "../base/index.js";
import type { Entry, EntryType, Snapshot } from "../raft/index.js";
import { raftpb } from "../wire/index.js";

/*
 * How the raft log is stored in LevelDB. Numbers are big-endian. Every value is a sealed record: CRC-32C (4 bytes) of
 * the key followed by the body, then the body. So neither a changed value nor a value under the wrong key passes.
 *
 * | key                                     | body                                            |
 * | --------------------------------------- | ----------------------------------------------- |
 * | `e` last index (8), first index (8)     | a run of entries: see below                     |
 * | `l`                                     | the state of the log: see log-state.ts          |
 * | `s` index (8), term (8)                 | `raftpb.Snapshot`                               |
 *
 * Entries that are saved together are stored together, in one run unless they are long: a record costs much more than
 * an entry. Runs never overlap. The body of a run is the term of the entry before its first (8), then for each entry
 * term (8), type (1), length of the data (4), data.
 *
 * The term of the entry before makes the log a chain: by raft's Log Matching Property two entries with the same index
 * and term have the same past, so a run that survived from another past does not fit.
 */

/** The key of the log's state. */
export const stateKey = Buffer.from("l");
/** All keys of the log lie in `[first, end)`. */
export const allKeys = { first: Buffer.from("a"), end: Buffer.from("z") } as const;

const runPrefix = 0x65; // e
const runKeyBytes = 17;
const snapshotPrefix = 0x73; // s
const crcBytes = 4;
const termBytes = 8;
const entryHeadBytes = termBytes + 1 + 4;
const noRoom: Buffer = Buffer.alloc(0);

/** Indexes `[first, last]` of entries that are stored as one record. */
export interface Run {
  readonly first: number;
  readonly last: number;
}

export function runKey({ first, last }: Run): Buffer {
  const key = Buffer.allocUnsafe(runKeyBytes);
  key[0] = runPrefix;
  writeBE64(key, 1, last);
  writeBE64(key, 9, first);
  return key;
}

/** The run that a key names; `undefined` when it is the key of something else. */
export function runOf(key: Uint8Array): Run | undefined {
  if (key.byteLength !== runKeyBytes || key[0] !== runPrefix) return undefined;
  return { first: readBE64(key, 9), last: readBE64(key, 1) };
}

/** The keys of all runs that hold `index` or later entries lie in `[first, end)`. */
export function runKeysFrom(index: number): { readonly first: Buffer; readonly end: Buffer } {
  return { first: runKey({ first: 0, last: index }), end: Buffer.of(runPrefix + 1) };
}

/**
 * An index in the first run that can exist from `key` on; `undefined` when `key` comes after all runs.
 *
 * @param key may be shorter or longer than a whole key
 */
export function indexFrom(key: Uint8Array): number | undefined {
  if (key[0] !== runPrefix) return undefined;
  const whole = Buffer.alloc(runKeyBytes);
  whole.set(key.subarray(0, runKeyBytes));
  if (key.byteLength === runKeyBytes) return readBE64(whole, 9);
  return readBE64(whole, 1) + (key.byteLength > runKeyBytes ? 1 : 0);
}

export function snapshotKey(index: number, term: number): Buffer {
  const key = Buffer.allocUnsafe(17);
  key[0] = snapshotPrefix;
  writeBE64(key, 1, index);
  writeBE64(key, 9, term);
  return key;
}

/** All snapshot keys lie in `[first, end)`. */
export const snapshotKeys = { first: Buffer.of(snapshotPrefix), end: Buffer.of(snapshotPrefix + 1) } as const;

/** The index of the snapshot stored under `key`. */
export function snapshotIndex(key: Uint8Array): number {
  return readBE64(key, 1);
}

/** The record that holds `body` under `key`. */
export function seal(key: Uint8Array, body: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(crcBytes + body.byteLength);
  record.set(body, crcBytes);
  return sealInPlace(key, record);
}

/** Writes the checksum of a record whose body is in its place already. */
function sealInPlace(key: Uint8Array, record: Buffer): Buffer {
  record.writeUInt32BE(crc32c(record.subarray(crcBytes), crc32c(key)), 0);
  return record;
}

/** The body of a sealed record; `undefined` when the record was not sealed under this key or has changed since. */
export function unseal(key: Uint8Array, record: Uint8Array): Uint8Array | undefined {
  if (record.byteLength < crcBytes) return undefined;
  const body = record.subarray(crcBytes);
  return crc32c(body, crc32c(key)) === readBE32(record) ? body : undefined;
}

/** Bytes that an entry adds to the body of a run. */
export function storedBytes({ data }: Entry): number {
  return entryHeadBytes + data.byteLength;
}

export interface StoredRun {
  readonly entries: readonly Entry[];
  readonly previousTerm: number;
}

/**
 * The sealed record of a run. The body is encoded where the record has it, because a run may hold megabytes: another
 * copy of them would cost the main thread time, and soon a garbage collection.
 *
 * @param room memory for the record, which is used if it is large enough; by default the record has its own
 */
export function sealRun(key: Uint8Array, entries: readonly Entry[], previousTerm: number, room = noRoom): Buffer {
  const bytes = entries.reduce((sum, entry) => sum + storedBytes(entry), crcBytes + termBytes);
  const record = bytes <= room.length ? room.subarray(0, bytes) : Buffer.allocUnsafe(bytes);
  writeBE64(record, crcBytes, previousTerm);
  let at = crcBytes + termBytes;
  for (const { term, type, data } of entries) {
    writeBE64(record, at, term);
    record[at + termBytes] = entryTypes.indexOf(type);
    record.writeUInt32BE(data.byteLength, at + termBytes + 1);
    record.set(data, at + entryHeadBytes);
    at += entryHeadBytes + data.byteLength;
  }
  return sealInPlace(key, record);
}

/** Decodes `body`, which was sealed under the key of this run. The data of the entries are views of `body`. */
export function decodeRun({ first, last }: Run, body: Uint8Array): StoredRun {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const entries: Entry[] = [];
  let at = termBytes;
  for (let index = first; index <= last; index++) {
    assert(at + entryHeadBytes <= bytes.byteLength, "a run holds the entries that its key says");
    const type = entryTypes[bytes[at + termBytes] ?? entryTypes.length];
    assert(type !== undefined, "an entry's type is one that this version has stored");
    const length = bytes.readUInt32BE(at + termBytes + 1);
    const data = new Uint8Array(bytes.buffer, bytes.byteOffset + at + entryHeadBytes, length);
    entries.push({ term: readBE64(bytes, at), index, type, data });
    at += entryHeadBytes + length;
  }
  assert(at === bytes.byteLength, "a run holds no more than the entries that its key says");
  return { previousTerm: readBE64(bytes, 0), entries };
}

/** Entry types in the order of their numbers in raftpb. */
const entryTypes: readonly EntryType[] = ["EntryNormal", "EntryConfChange", "EntryConfChangeV2"];

export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  return raftpb.Snapshot.encode(snapshot);
}

export function decodeSnapshot(body: Uint8Array): Snapshot {
  const { data, metadata } = raftpb.Snapshot.decode(body);
  const { index, term, confState } = raftpb.SnapshotMetadata.create(metadata);
  return { data, metadata: { index, term, confState: raftpb.ConfState.create(confState) } };
}

function readBE32(bytes: Uint8Array): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, crcBytes).readUInt32BE(0);
}
