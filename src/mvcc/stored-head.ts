import { assert, type ByteSlab, type Key, keyFromBytes } from "../base/index.js";
import { KeyValue } from "../wire/index.js";
import type { KeyLeaf } from "./keys/key-leaf.js";

/** The fields of a stored `mvccpb.KeyValue` that the index, the lessor and watchers need: all but the value. */
export interface StoredHead {
  readonly key: Key;
  readonly createRevision: number;
  readonly version: number;
  /** Id of the key's lease; 0 means none. */
  readonly leaseId: bigint;
}

const keyTag = (1 << 3) | 2;
const createTag = 2 << 3;
const versionTag = 4 << 3;
const valueTag = (5 << 3) | 2;
const leaseTag = 6 << 3;

/** Reads heads one after the other. Its fields are those of the last one, so that no object is made for each. */
export class HeadReader {
  /** The bytes of the key lie in `[keyAt, keyEnd)`. */
  keyAt = 0;
  keyEnd = 0;
  createRevision = 0;
  version = 0;
  leaseId = 0n;

  /**
   * Reads the head of a stored value, skipping the value itself, in one pass and without copying either. The bytes are
   * our own: anything but a `KeyValue` is damage, and stops the member.
   *
   * @param from the stored value lies in the bytes `[from, to)`
   */
  read(bytes: Uint8Array, from: number, to: number): void {
    this.keyAt = from;
    this.keyEnd = from;
    this.createRevision = 0;
    this.version = 0;
    this.leaseId = 0n;
    let at = from;
    while (at < to) {
      const tag = bytes[at++];
      if (tag === leaseTag) this.leaseId = bigintAt(bytes, at);
      const number = tag === leaseTag ? 0 : varintAt(bytes, at);
      at = varintEnd(bytes, at);
      if (tag === keyTag) {
        this.keyAt = at;
        this.keyEnd = at + number;
      }
      if (tag === keyTag || tag === valueTag) at += number;
      else if (tag === createTag) this.createRevision = number;
      else if (tag === versionTag) this.version = number;
    }
    assert(at === to, "a stored value ends where its last field ends");
  }
}

const reader = new HeadReader();

/** As `HeadReader.read`, for one value. */
export function readStoredHead(bytes: Uint8Array): StoredHead {
  reader.read(bytes, 0, bytes.length);
  const { keyAt, keyEnd, createRevision, version, leaseId } = reader;
  return { key: keyFromBytes(bytes.subarray(keyAt, keyEnd)), createRevision, version, leaseId };
}

/** The most bytes of a stored pair before its key. */
const headBytesMax = 6;
/** The most bytes of a key whose length takes two bytes or fewer. */
const shortKeyMax = 0x3fff;

/**
 * Makes the stored pair of a delete, which holds nothing but the key. One entry may delete very many keys, so the bytes
 * are written where they stay.
 */
export function storedTombstone(key: Key, slab: ByteSlab): Uint8Array {
  const { length } = key;
  if (length === 0 || length > shortKeyMax) return slab.keep(KeyValue.encode(KeyValue.create({ key })));
  const lengthBytes = length > 0x7f ? 2 : 1;
  const stored = slab.take(1 + lengthBytes + length);
  stored[0] = keyTag;
  stored[1] = length > 0x7f ? (length & 0x7f) | 0x80 : length;
  if (lengthBytes === 2) stored[2] = length >>> 7;
  stored.write(key, 1 + lengthBytes, "latin1");
  return stored;
}

/** Where the key begins in the stored pair of a delete that has `length` bytes. */
export function tombstoneKeyAt(length: number): number {
  let at = 2;
  for (let keyMax = 0x7f; length - at > keyMax; keyMax = 0x80 * keyMax + 0x7f) at++;
  return Math.min(at, length);
}

/** Stored pairs of deletes, one after the other in the same memory. */
export class TombstoneValue {
  /** The memory, in which the last pair lies in front. */
  bytes = new Uint8Array(256);

  /** Writes the stored pair of the delete of a key in a leaf of the index. @returns its length */
  write(keys: KeyLeaf, place: number): number {
    const length = keys.keyLength(place);
    if (length === 0) return 0;
    if (length + headBytesMax > this.bytes.length) this.bytes = new Uint8Array(2 * (length + headBytesMax));
    const { bytes } = this;
    bytes[0] = keyTag;
    let at = 1;
    let left = length;
    for (; left > 0x7f; left >>>= 7) bytes[at++] = (left & 0x7f) | 0x80;
    bytes[at++] = left;
    keys.writeKey(place, bytes, at);
    return at + length;
  }
}

/**
 * The key of a stored value, which is its first field. An empty value has no key: it marks the revision from which a
 * restored member was told to continue.
 */
export function readStoredKey(bytes: Uint8Array): Key {
  if (bytes.length === 0) return "";
  assert(bytes[0] === keyTag, "a stored value begins with its key");
  const start = varintEnd(bytes, 1);
  return keyFromBytes(bytes.subarray(start, start + varintAt(bytes, 1)));
}

function varintAt(bytes: Uint8Array, at: number): number {
  let number = 0;
  let scale = 1;
  for (let place = at; ; place++, scale *= 0x80) {
    const byte = bytes[place] ?? 0;
    number += (byte & 0x7f) * scale;
    if (byte < 0x80) return number;
  }
}

/** Reads a lease id, which uses all 64 bits and may be negative. */
function bigintAt(bytes: Uint8Array, at: number): bigint {
  let id = 0n;
  let shift = 0n;
  for (let place = at; ; place++, shift += 7n) {
    const byte = bytes[place] ?? 0;
    id |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asIntN(64, id);
  }
}

function varintEnd(bytes: Uint8Array, at: number): number {
  let end = at;
  while ((bytes[end] ?? 0) >= 0x80) end++;
  return end + 1;
}
