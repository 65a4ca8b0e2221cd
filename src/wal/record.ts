import { assert, crc32c, readBE64, writeBE64 } from "../base/index.js";
import type { Entry, EntryType, Snapshot } from "../raft/index.js";
import { raftpb } from "../wire/index.js";

/*
 * How the raft log lies in LevelDB. Numbers are big-endian. Every value is a sealed record: CRC-32C (4 bytes) of the
 * key followed by the body, then the body. So neither a changed value nor one under a wrong key passes.
 *
 * | key                     | body                                            |
 * | ----------------------- | ----------------------------------------------- |
 * | `e` index (8)           | term of the entry before (8), `raftpb.Entry`    |
 * | `l`                     | the rest of what the log says: see log-state.ts |
 * | `s` index (8), term (8) | `raftpb.Snapshot`                               |
 *
 * The term of the entry before makes a chain of the log: by raft's Log Matching Property two entries with the same
 * index and term have the same past, so an entry that survived from another past shows.
 */

/** Where the log's state lies. */
export const stateKey = Buffer.from("l");
/** All keys lie in `[first, end)`. */
export const allKeys = { first: Buffer.from("a"), end: Buffer.from("z") } as const;

const entryPrefix = 0x65; // e
const snapshotPrefix = 0x73; // s
const crcBytes = 4;
const termBytes = 8;

export function entryKey(index: number): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = entryPrefix;
  writeBE64(key, 1, index);
  return key;
}

/** The index in an entry's key; `undefined` when this is the key of something else. */
export function entryIndex(key: Uint8Array): number | undefined {
  return key.byteLength === 9 && key[0] === entryPrefix ? readBE64(key, 1) : undefined;
}

/** Index of the first entry there can be from `key` on, which need not be a whole key; `undefined` behind them all. */
export function indexFrom(key: Uint8Array): number | undefined {
  if (key[0] !== entryPrefix) return undefined;
  const whole = Buffer.alloc(9);
  whole.set(key.subarray(0, 9));
  return readBE64(whole, 1) + (key.byteLength > 9 ? 1 : 0);
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

export interface StoredEntry {
  readonly entry: Entry;
  readonly previousTerm: number;
}

export function encodeEntry(entry: Entry, previousTerm: number): Uint8Array {
  const encoded = raftpb.Entry.encode({ ...entry, type: entryTypes.indexOf(entry.type) });
  const body = Buffer.allocUnsafe(termBytes + encoded.byteLength);
  writeBE64(body, 0, previousTerm);
  body.set(encoded, termBytes);
  return body;
}

/** The entry's data is a view of `body`. */
export function decodeEntry(body: Uint8Array): StoredEntry {
  const { term, index, type, data } = raftpb.Entry.decode(body.subarray(termBytes));
  const known = entryTypes[type];
  assert(known !== undefined, "an entry's type is one that this version has stored");
  return { previousTerm: readBE64(body, 0), entry: { term, index, type: known, data } };
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
