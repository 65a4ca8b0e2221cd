import { crc32c } from "../base/index.js";
import { blockBytes, headerBytes, isTorn, mask } from "./torn-record.js";

/*
 * LevelDB's log (its doc/log_format.md): blocks of 32 KiB; in them records of a masked CRC-32C (4), a length (2, little
 * endian), a type (1) and data. Fewer than 7 bytes at the end of a block are padding. A batch is one full record, or a
 * first, any number of middle ones and a last.
 */
const recordType = { full: 1, first: 2, middle: 3, last: 4 } as const;

/** One unit of a log (a batch), or a place where no intact one can be read. */
export type Found =
  | { readonly offset: number; readonly batch: Buffer }
  /** `torn`: an interrupted write can have left it. Otherwise it was written completely and has changed since. */
  | { readonly offset: number; readonly batch: undefined; readonly torn: boolean };

export function* readLog(log: Buffer): Generator<Found> {
  for (const found of readLogInSteps(log, Number.POSITIVE_INFINITY)) if (found !== undefined) yield found;
}

/**
 * Like `readLog`, with `undefined` after each `stepBytes` of the log, so that the caller may rest: a batch of 16 MiB
 * takes 20 ms to check.
 */
export function* readLogInSteps(log: Buffer, stepBytes: number): Generator<Found | undefined> {
  let parts: Buffer[] = [];
  let start = 0;
  let restAt = stepBytes;
  for (const { offset, type, data, torn } of readRecords(log)) {
    if (offset >= restAt) {
      yield undefined;
      restAt = offset + stepBytes;
    }
    switch (type) {
      case recordType.full:
      case recordType.first:
        if (parts.length > 0) yield { offset: start, batch: undefined, torn: false };
        parts = [data];
        start = offset;
        break;
      case recordType.middle:
      case recordType.last:
        // Without its first part it is the rest of a batch that has been reported already.
        if (parts.length > 0) parts.push(data);
        break;
      default:
        yield { offset: parts.length > 0 ? start : offset, batch: undefined, torn };
        parts = [];
        continue;
    }
    if ((type === recordType.full || type === recordType.last) && parts.length > 0) {
      yield { offset: start, batch: Buffer.concat(parts) };
      parts = [];
    }
  }
  if (parts.length > 0) yield { offset: start, batch: undefined, torn: true };
}

/** One record; type 0 marks a place without a readable record. */
interface LogRecord {
  readonly offset: number;
  readonly type: number;
  readonly data: Buffer;
  readonly torn: boolean;
}

function* readRecords(log: Buffer): Generator<LogRecord> {
  let offset = 0;
  while (offset < log.byteLength) {
    const blockEnd = Math.min(offset - (offset % blockBytes) + blockBytes, log.byteLength);
    if (blockEnd - offset < headerBytes) {
      // At the end of a block these bytes are padding; at the end of the file they begin a header.
      if (blockEnd % blockBytes !== 0) yield bad(offset, true);
      offset = blockEnd;
      continue;
    }
    const record = recordAt(log, offset, blockEnd);
    yield record ?? bad(offset, isTorn(log, offset, blockEnd));
    offset =
      record === undefined ? nextRecord(log, offset + 1, blockEnd) : offset + headerBytes + record.data.byteLength;
  }
}

function recordAt(log: Buffer, offset: number, blockEnd: number): LogRecord | undefined {
  const end = offset + headerBytes + log.readUInt16LE(offset + 4);
  const type = log[offset + 6] ?? 0;
  if (end > blockEnd || type < recordType.full || type > recordType.last) return undefined;
  if (log.readUInt32LE(offset) !== mask(crc32c(log.subarray(offset + 6, end)))) return undefined;
  return { offset, type, data: log.subarray(offset + headerBytes, end), torn: false };
}

/**
 * Where readable records resume after damage: the damage may have changed a length, too. The end of the block at the
 * latest.
 */
function nextRecord(log: Buffer, from: number, blockEnd: number): number {
  for (let offset = from; offset + headerBytes <= blockEnd; offset++) {
    if (recordAt(log, offset, blockEnd) !== undefined) return offset;
  }
  return blockEnd;
}

function bad(offset: number, torn: boolean): LogRecord {
  return { offset, type: 0, data: Buffer.alloc(0), torn };
}

/** Reads LevelDB's variable-length numbers (low seven bits first), and the bytes between them. */
export class VarintReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  more(): boolean {
    return this.#at < this.#bytes.byteLength;
  }

  next(): number {
    let value = 0;
    for (let scale = 1; this.more(); scale *= 128) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value;
  }

  bytes(length: number): Buffer {
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
