import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32c } from "../base/index.js";

/** A place in a LevelDB directory's log where there should be a batch, and is none that can be read. */
export interface LogDamage {
  readonly file: string;
  readonly offset: number;
  /** A whole batch stands behind it, so this is not just the end of a write that was cut short. */
  readonly followed: boolean;
}

/** Told of every key that a good batch puts, in order; `behind` when it stands behind the damage. */
export type VisitKey = (key: Uint8Array, behind: boolean) => void;

/*
 * LevelDB's log (its doc/log_format.md): blocks of 32 KiB; in them records of a masked CRC-32C (4), a length (2, little
 * endian), a type (1) and data. Fewer than 7 bytes at the end of a block are padding. A batch is one full record, or a
 * first, any number of middle ones and a last.
 */
const blockBytes = 32 * 1024;
const headerBytes = 7;
/** A batch starts with the sequence number of its first change (8) and the number of its changes (4). */
const batchHeaderBytes = 12;
const recordType = { full: 1, first: 2, middle: 3, last: 4 } as const;

/**
 * Reads the log files of a LevelDB directory that is not open. LevelDB itself passes over what it cannot read there,
 * and over whole batches that follow: right for the torn end of a write that nobody was told about, but it would lose
 * acknowledged batches without a word when a bit has changed before them. Every batch is synced before the next is
 * written, so damage with a batch behind it is never a torn write.
 */
export async function checkLog(dir: string, visit?: VisitKey): Promise<LogDamage | undefined> {
  const names = await readdir(dir).catch(() => []);
  const numbered = names.filter((name) => /^\d+\.log$/.test(name));
  const files = numbered.sort((left, right) => Number.parseInt(left, 10) - Number.parseInt(right, 10));
  let damage: LogDamage | undefined;
  let sequence: number | undefined;
  for (const name of files) {
    const file = join(dir, name);
    for (const found of readLog(await readFile(file))) {
      if (found.batch === undefined) {
        damage ??= { file, offset: found.offset, followed: false };
      } else if (follows(sequence, found.batch)) {
        sequence = sequenceOf(found.batch);
        if (damage !== undefined) damage = { ...damage, followed: true };
        if (visit !== undefined) visitPuts(found.batch, (key) => visit(key, damage !== undefined));
      }
    }
  }
  return damage;
}

/** Numbers that a batch may be ahead of the one before it: more changes than one batch ever has. */
const sequenceStepMax = 2 ** 24;

/** Stored values may hold anything, LevelDB's logs too: what looks like a batch counts only where its number fits. */
function follows(sequence: number | undefined, batch: Buffer): boolean {
  if (batch.byteLength < batchHeaderBytes) return false;
  if (sequence === undefined) return true;
  const step = sequenceOf(batch) - sequence;
  return step >= 0 && step <= sequenceStepMax;
}

function sequenceOf(batch: Buffer): number {
  return Number(batch.readBigUInt64LE(0));
}

/** A batch, or a place where none could be read. */
interface Found {
  readonly offset: number;
  readonly batch: Buffer | undefined;
}

function* readLog(log: Buffer): Generator<Found> {
  let parts: Buffer[] = [];
  let start = 0;
  for (const { offset, type, data } of readRecords(log)) {
    switch (type) {
      case recordType.full:
      case recordType.first:
        if (parts.length > 0) yield { offset: start, batch: undefined };
        parts = [data];
        start = offset;
        break;
      case recordType.middle:
      case recordType.last:
        // Without its first part it is the rest of a batch that was reported already.
        if (parts.length > 0) parts.push(data);
        break;
      default:
        yield { offset: parts.length > 0 ? start : offset, batch: undefined };
        parts = [];
        continue;
    }
    if ((type === recordType.full || type === recordType.last) && parts.length > 0) {
      yield { offset: start, batch: Buffer.concat(parts) };
      parts = [];
    }
  }
  if (parts.length > 0) yield { offset: start, batch: undefined };
}

/** One record; type 0 stands for what is none. */
interface LogRecord {
  readonly offset: number;
  readonly type: number;
  readonly data: Buffer;
}

function* readRecords(log: Buffer): Generator<LogRecord> {
  let offset = 0;
  while (offset < log.byteLength) {
    const blockEnd = Math.min(offset - (offset % blockBytes) + blockBytes, log.byteLength);
    if (blockEnd - offset < headerBytes) {
      // At the end of a block it is padding, at the end of the file the beginning of a header.
      if (blockEnd % blockBytes !== 0) yield bad(offset);
      offset = blockEnd;
      continue;
    }
    const record = recordAt(log, offset, blockEnd);
    yield record ?? bad(offset);
    offset =
      record === undefined ? nextRecord(log, offset + 1, blockEnd) : offset + headerBytes + record.data.byteLength;
  }
}

function recordAt(log: Buffer, offset: number, blockEnd: number): LogRecord | undefined {
  const end = offset + headerBytes + log.readUInt16LE(offset + 4);
  const type = log[offset + 6] ?? 0;
  if (end > blockEnd || type < recordType.full || type > recordType.last) return undefined;
  if (log.readUInt32LE(offset) !== mask(crc32c(log.subarray(offset + 6, end)))) return undefined;
  return { offset, type, data: log.subarray(offset + headerBytes, end) };
}

/** Where records go on after damage, which may have changed a length too: the end of the block, if not before. */
function nextRecord(log: Buffer, from: number, blockEnd: number): number {
  for (let offset = from; offset + headerBytes <= blockEnd; offset++) {
    if (recordAt(log, offset, blockEnd) !== undefined) return offset;
  }
  return blockEnd;
}

function bad(offset: number): LogRecord {
  return { offset, type: 0, data: Buffer.alloc(0) };
}

/** LevelDB stores sums rotated and shifted, since sums of data that holds sums are weak. */
function mask(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Behind a batch's header stand, for each change, a kind (1), a key and, for a put, a value. */
function visitPuts(batch: Buffer, visit: (key: Uint8Array) => void): void {
  let at = batchHeaderBytes;
  const next = (): Uint8Array => {
    let length = 0;
    for (let shift = 0; at < batch.byteLength; shift += 7) {
      const byte = batch[at++] ?? 0;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at += length;
    return batch.subarray(at - length, at);
  };
  while (at < batch.byteLength) {
    const isPut = batch[at++] === 1;
    const key = next();
    if (!isPut) continue;
    visit(key);
    next();
  }
}
