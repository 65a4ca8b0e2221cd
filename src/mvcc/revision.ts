import { readBE64, writeBE64 } from "../base/index.js";

/**
 * Length of a change's stored key: eight bytes of main revision, `_`, eight bytes of sub revision, big-endian, so that
 * byte order is the order of history. A tombstone's key has a `t` appended.
 */
const revisionBytes = 17;
const subAt = 9;
const separator = 0x5f;
const tombstoneMark = 0x74;

/** The stored key of change number `sub` (from 0) of revision `main`. */
export function revisionKey(main: number, sub: number): Uint8Array {
  return writeRevision(new Uint8Array(revisionBytes), main, sub);
}

/** The stored key of a change that deletes. */
export function tombstoneKey(main: number, sub: number): Uint8Array {
  const key = writeRevision(new Uint8Array(revisionBytes + 1), main, sub);
  key[revisionBytes] = tombstoneMark;
  return key;
}

/** Changes the number of a change in its stored key, which belongs to the caller. */
export function setSub(key: Uint8Array, sub: number): void {
  writeBE64(key, subAt, sub);
}

export function isTombstoneKey(key: Uint8Array): boolean {
  return key.length === revisionBytes + 1 && key[revisionBytes] === tombstoneMark;
}

export function mainOf(key: Uint8Array): number {
  return readBE64(key, 0);
}

export function subOf(key: Uint8Array): number {
  return readBE64(key, subAt);
}

function writeRevision(target: Uint8Array, main: number, sub: number): Uint8Array {
  writeBE64(target, 0, main);
  target[8] = separator;
  writeBE64(target, subAt, sub);
  return target;
}
