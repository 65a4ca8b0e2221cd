import { assert, readWords, writeWords } from "../../base/index.js";
import type { KeyIndex } from "../keys/key-index.js";
import { type KeyLeaf, leafKeysMax } from "../keys/key-leaf.js";
import { type KeyRecords, wordsOfRecord } from "../keys/key-records.js";
import type { Row } from "../keys/key-rows.js";
import type { FilledLeaf } from "../keys/key-tree.js";
import type { VarintReader, VarintWriter } from "./varints.js";

/** Flags of a key, which say what follows about it. A usual key, put once, has `fresh` and mostly `sameBytes`. */
const flag = {
  /** The newest record is a tombstone: there is no version and no creation revision. */
  tombstone: 1,
  /** The newest record created the key: its version is 1. */
  fresh: 2,
  /** The newest record is not the first change of its revision. */
  sub: 4,
  lease: 8,
  older: 16,
  /** The stored value is as long as that of the key before. */
  sameBytes: 32,
} as const;
/** The flags of a key about which nothing follows. */
const usual = flag.fresh | flag.sameBytes;
/** The flags of the leaf that is being written or read. */
const flagsOfLeaf = new Uint8Array(leafKeysMax);

/**
 * Writes the keys of a leaf from `from` on, with all their records, and marks their rows with the checkpoint's number.
 * Columns come first, since they are compressed well: the lengths of the names, the names, flags, main revisions.
 */
export function writeLeaf(
  target: VarintWriter,
  leaf: KeyLeaf,
  from: number,
  records: KeyRecords,
  checkpoint: number,
): void {
  const { rows } = records;
  const { prefix } = leaf;
  const rests = leaf.restsFrom(from);
  target.number(leaf.count - from);
  target.number(prefix.length);
  target.number(rests.length);
  target.bytes(prefix);
  for (let place = from; place < leaf.count; place++) target.number(leaf.restLength(place));
  target.bytes(rests);
  let bytes = 0;
  for (let place = from; place < leaf.count; place++) {
    const row = leaf.row(place);
    rows.setCheckpoint(row, checkpoint);
    flagsOfLeaf[place - from] = flagsOf(records, row, bytes);
    bytes = rows.bytesOf(row);
  }
  target.bytes(flagsOfLeaf.subarray(0, leaf.count - from));
  let main = 0;
  for (let place = from; place < leaf.count; place++) {
    const next = rows.main(leaf.row(place));
    target.signed(next - main);
    main = next;
  }
  for (let place = from; place < leaf.count; place++) {
    const flags = flagsOfLeaf[place - from] ?? 0;
    if (flags !== usual) writeRest(target, records, leaf.row(place), flags);
  }
}

function flagsOf({ rows }: KeyRecords, row: Row, bytesBefore: number): number {
  const version = rows.version(row);
  let flags = 0;
  if (version === 0) flags = flag.tombstone;
  else if (version === 1 && rows.createRevision(row) === rows.main(row)) flags = flag.fresh;
  if (rows.sub(row) !== 0) flags |= flag.sub;
  if (rows.leaseId(row) !== 0n) flags |= flag.lease;
  if (rows.olderCount(row) > 0) flags |= flag.older;
  if (rows.bytesOf(row) === bytesBefore) flags |= flag.sameBytes;
  return flags;
}

function writeRest(target: VarintWriter, records: KeyRecords, row: Row, flags: number): void {
  const { rows } = records;
  if ((flags & (flag.tombstone | flag.fresh)) === 0) {
    target.number(rows.version(row));
    target.number(rows.main(row) - rows.createRevision(row));
  }
  if (flags & flag.sub) target.number(rows.sub(row));
  if (flags & flag.lease) {
    const lease = Buffer.allocUnsafe(8);
    lease.writeBigInt64LE(rows.leaseId(row));
    target.bytes(lease);
  }
  if ((flags & flag.sameBytes) === 0) target.number(rows.bytesOf(row));
  if ((flags & flag.older) === 0) return;
  const older = records.older(row);
  target.number(older.length / wordsOfRecord);
  let main = 0;
  for (let at = 0; at < older.length; at += wordsOfRecord) {
    const next = readWords(older, at);
    target.number(next - main);
    target.number(older[at + 2] ?? 0);
    target.number(older[at + 3] ?? 0);
    main = next;
  }
}

/** Reads leaves into an index that is empty, and that is filled with them when all have been read. */
export class LeafReader {
  readonly #index: KeyIndex;
  readonly #checkpoint: number;
  readonly #leaves: FilledLeaf[] = [];
  readonly #lengths = new Uint32Array(leafKeysMax);
  #newest = 0;
  #keys = 0;
  /** Whether any key has a lease. */
  leased = false;

  /** @param checkpoint the checkpoint's number, with which all rows are marked */
  constructor(index: KeyIndex, checkpoint: number) {
    this.#index = index;
    this.#checkpoint = checkpoint;
  }

  /** Number of keys read. */
  get keys(): number {
    return this.#keys;
  }

  /** Reads the next leaf. */
  read(source: VarintReader): void {
    const { records } = this.#index;
    const { rows } = records;
    const lengths = this.#lengths;
    const leaf = this.#index.newLeaf();
    const count = source.number();
    const prefixBytes = source.number();
    const restBytes = source.number();
    assert(count > 0 && count <= leafKeysMax, "a leaf of a checkpoint has as many keys as a leaf may have");
    const prefix = source.bytes(prefixBytes);
    for (let at = 0; at < count; at++) lengths[at] = source.number();
    leaf.fill(count, prefix, lengths, source.bytes(restBytes));
    flagsOfLeaf.set(source.bytes(count));
    let main = 0;
    for (let at = 0; at < count; at++) {
      main += source.signed();
      if (main > this.#newest) this.#newest = main;
      leaf.setRow(at, records.add(main, 0, main, 1));
    }
    let bytes = 0;
    let alive = count;
    for (let at = 0; at < count; at++) {
      const row = leaf.row(at);
      rows.setCheckpoint(row, this.#checkpoint);
      const flags = flagsOfLeaf[at] ?? 0;
      if (flags !== usual) bytes = this.#readRest(source, records, row, flags, bytes);
      if (flags & flag.tombstone) alive--;
      rows.setBytes(row, bytes);
    }
    this.#keys += count;
    this.#leaves.push({ keys: leaf, alive });
  }

  /** Fills the index with the leaves. */
  finish(): void {
    this.#index.fill(this.#leaves, this.#newest);
  }

  /** @returns the length of the stored value */
  #readRest(source: VarintReader, records: KeyRecords, row: Row, flags: number, bytesBefore: number): number {
    const { rows } = records;
    if (flags & flag.tombstone) {
      rows.setCreateRevision(row, 0);
      rows.setVersion(row, 0);
    } else if ((flags & flag.fresh) === 0) {
      rows.setVersion(row, source.number());
      rows.setCreateRevision(row, rows.main(row) - source.number());
    }
    if (flags & flag.sub) rows.setSub(row, source.number());
    if (flags & flag.lease) {
      this.leased = true;
      rows.setLeaseId(row, bigintOf(source.bytes(8)));
    }
    const bytes = flags & flag.sameBytes ? bytesBefore : source.number();
    if (flags & flag.older) readOlder(source, records.addOlder(row, source.number()));
    return bytes;
  }
}

function readOlder(source: VarintReader, older: Uint32Array): void {
  let main = 0;
  for (let at = 0; at < older.length; at += wordsOfRecord) {
    main += source.number();
    writeWords(older, at, main);
    older[at + 2] = source.number();
    older[at + 3] = source.number();
  }
}

function bigintOf(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigInt64(0, true);
}
