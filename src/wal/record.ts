import { assert, crc32c, readBE64, writeBE64 } from "../base/index.js";
import type { Entry, EntryType, Snapshot } from "../raft/index.js";
import { raftpb } from "../wire/index.js";

/*
 * How the raft log lies in LevelDB. Numbers are big-endian. Every value is a sealed record: CRC-32C (4 bytes) of the
 * key followed by the body, then the body. So neither a changed value nor one under a wrong key passes.
 *
 * | key                                     | body                                            |
 * | --------------------------------------- | ----------------------------------------------- |
 * | `e` last index (8), first index (8)     | a run of entries: see below                     |
 * | `l`                                     | the rest of what the log says: see log-state.ts |
 * | `s` index (8), term (8)                 | `raftpb.Snapshot`                               |
 *
 * Entries that are saved together are stored together, in one run unless they are long: a record costs much more than
 * an entry. Runs never overlap. The body of one is the term of the entry before its first (8), then for each entry term
 * (8), type (1), length of the data (4), data.
 *
 * The term of the entry before makes a chain of the log: by raft's Log Matching Property two entries with the same
 * index and term have the same past, so a run that survived from another past shows.
 */

/** Where the log's state lies. */
export const stateKey = Buffer.from("l");
/** All keys lie in `[first, end)`. */
export const allKeys = { first: Buffer.from("a"), end: Buffer.from("z") } as const;

const runPrefix = 0x65; // e
const runKeyBytes = 17;
const snapshotPrefix = 0x73; // s
const crcBytes = 4;
const termBytes = 8;
const entryHeadBytes = termBytes + 1 + 4;

/** Entries `[first, last]`, which are stored as one. */
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

/** What a run's key says; `undefined` when this is the key of something else. */
export function runOf(key: Uint8Array): Run | undefined {
  if (key.byteLength !== runKeyBytes || key[0] !== runPrefix) return undefined;
  return { first: readBE64(key, 9), last: readBE64(key, 1) };
}

/** The keys of all runs that reach `index` lie in `[first, end)`. */
export function runKeysFrom(index: number): { readonly first: Buffer; readonly end: Buffer } {
  return { first: runKey({ first: 0, last: index }), end: Buffer.of(runPrefix + 1) };
}

/**
 * An index in the first run that there can be from `key` on, or the first there can be; `undefined` behind all runs.
 *
 * @param key may be less than a whole key, or more
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

/** Index of a snapshot, by its key. */
export function snapshotIndex(key: Uint8Array): number {
  return readBE64(key, 1);
}

/** The record that holds `body` under `key`. */
export function seal(key: Uint8Array, body: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(crcBytes + body.byteLength);
  record.writeUInt32BE(crc32c(body, crc32c(key)), 0);
  record.set(body, crcBytes);
  return record;
}

/** The body of a sealed record; `undefined` when it is not what was sealed under this key. */
export function unseal(key: Uint8Array, record: Uint8Array): Uint8Array | undefined {
  if (record.byteLength < crcBytes) return undefined;
  const body = record.subarray(crcBytes);
  return crc32c(body, crc32c(key)) === readBE32(record) ? body : undefined;
}

/** How much an entry adds to a run. */
export function storedBytes({ data }: Entry): number {
  return entryHeadBytes + data.byteLength;
}

export interface StoredRun {
  readonly entries: readonly Entry[];
  readonly previousTerm: number;
}

export function encodeRun(entries: readonly Entry[], previousTerm: number): Buffer {
  const body = Buffer.allocUnsafe(entries.reduce((sum, entry) => sum + storedBytes(entry), termBytes));
  writeBE64(body, 0, previousTerm);
  let at = termBytes;
  for (const { term, type, data } of entries) {
    writeBE64(body, at, term);
    body[at + termBytes] = entryTypes.indexOf(type);
    body.writeUInt32BE(data.byteLength, at + termBytes + 1);
    body.set(data, at + entryHeadBytes);
    at += entryHeadBytes + data.byteLength;
  }
  return body;
}

/** The entries' data are views of `body`, which was sealed under the key of this run. */
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

/** By their numbers in raftpb. */
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
