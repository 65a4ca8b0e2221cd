import { type FileHandle, open } from "node:fs/promises";
import { crc32c } from "../base/index.js";
import { WireError, walpb } from "../wire/index.js";
import { decodeRecord, recordTypes, type WalRecord } from "./log-record.js";
import type { Segment } from "./segments.js";
import { WalDamage } from "./wal-damage.js";

/** The end of the last segment was being written when the member stopped. Nobody was told that it is stored. */
export interface TornEnd {
  readonly path: string;
  readonly offset: number;
}

/** Called for everything in the log that is no record. */
export interface LogEvents {
  /** The log ends with a torn record. */
  readonly onTorn?: (end: TornEnd) => void;
  /** A place cannot be read. The reader goes on behind it. Without this function, it stops with the error. */
  readonly onDamage?: (damage: WalDamage) => void;
}

const sectorBytes = 512;
const frameBytes = 8;
/** Bytes that are read at once, unless a record is longer. */
const blockBytes = 1024 * 1024;

/**
 * Reads the records of segments in their order, with one record in memory at a time, and checks the running sum.
 *
 * A record is a frame of 8 bytes, little-endian, and its bytes: 56 bits are the length, and when the top bit is set,
 * the three lowest bits of the top byte count zeros behind the record, which align the next frame. A frame of zeros is
 * the end of a segment: etcd makes its files longer than their contents.
 *
 * The last record of the last segment may be torn, as etcd judges it: the file ends inside it, or one of its sectors is
 * zero. Everything else that cannot be read is damage.
 *
 * A reader that goes on behind damage leaves out the record itself, and when that cannot even be decoded, the next one,
 * which nothing confirms. When a frame has no end, the rest of the segment is lost.
 *
 * @throws WalDamage, unless `onDamage` is given
 */
export async function* readRecords(
  segments: readonly Segment[],
  { onTorn, onDamage }: LogEvents = {},
): AsyncGenerator<WalRecord, void, undefined> {
  // The sums that the next record may go on from; none when the sum is unknown.
  let sums: readonly number[] = [0];
  const damaged = (damage: WalDamage): void => {
    if (onDamage === undefined) throw damage;
    onDamage(damage);
  };
  for (const [at, { path }] of segments.entries()) {
    const last = at === segments.length - 1;
    const file = await open(path, "r");
    try {
      const source = new FrameSource(file, path, (await file.stat()).size);
      for (;;) {
        const frame = await source.next();
        if (frame === undefined) break;
        const read = frame.cut ? undefined : decoded(frame);
        if (read?.type === recordTypes.crc) {
          // The first record of a segment repeats the sum of the one before. A reader that begins there has none.
          const known = sums.filter((sum) => sum !== 0);
          if (known.length > 0 && !known.includes(read.crc)) damaged(damagedAt(path, frame.offset, "wrong"));
          sums = [read.crc];
          continue;
        }
        if (read !== undefined && follows(read, sums)) {
          sums = [read.crc];
          const record = meaningOf(read, `${path} at byte ${frame.offset}`, damaged);
          if (record !== undefined) yield record;
          continue;
        }
        if (read !== undefined && sums.length === 0) {
          sums = [read.crc];
          continue;
        }
        if (last && (frame.cut || isTorn(frame))) {
          onTorn?.({ path, offset: frame.offset });
          return;
        }
        damaged(damagedAt(path, frame.offset, frame.cut ? "cut" : "wrong"));
        // Either the stored sum is intact or what it is computed from.
        sums = read === undefined ? [] : [read.crc, ...sums.map((sum) => crc32c(read.data, sum))];
        if (frame.cut) break;
      }
    } finally {
      await file.close();
    }
  }
}

interface Frame {
  readonly offset: number;
  /** Whether the file ends before the record does. */
  readonly cut: boolean;
  readonly record: Buffer;
  /** The record with the zeros behind it. */
  readonly padded: Buffer;
}

function decoded({ record }: Frame): walpb.Record | undefined {
  try {
    return walpb.Record.decode(record);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** The meaning of a record whose sum is right. The sum does not cover its type, so it may have none. */
function meaningOf(record: walpb.Record, where: string, damaged: (damage: WalDamage) => void): WalRecord | undefined {
  try {
    return decodeRecord(record, where);
  } catch (error) {
    if (!(error instanceof WalDamage) && !(error instanceof WireError)) throw error;
    damaged(error instanceof WalDamage ? error : new WalDamage(`${where}: ${error.message}`));
    return undefined;
  }
}

/** Whether a record matches its checksum, which runs on from the record before. */
function follows({ data, crc }: walpb.Record, sums: readonly number[]): boolean {
  return sums.some((sum) => crc32c(data, sum) === crc);
}

/** Whether one of the sectors that the record lies in holds nothing of it but zeros: it was never written. */
function isTorn({ offset, padded }: Frame): boolean {
  for (let from = 0; from < padded.length; ) {
    const inSector = (offset + frameBytes + from) % sectorBytes;
    const end = Math.min(padded.length, from + sectorBytes - inSector);
    if (padded.subarray(from, end).every((byte) => byte === 0)) return true;
    from = end;
  }
  return false;
}

function damagedAt(path: string, offset: number, how: "cut" | "wrong"): WalDamage {
  const why = how === "cut" ? "the file ends inside a record" : "a record does not match its checksum";
  return new WalDamage(
    `the raft log is damaged: ${path} cannot be read at byte ${offset}: ${why}. etcd does not start on it either. ` +
      "Remove this member from its cluster and add it again, or restore a snapshot (etcdutl snapshot restore)",
  );
}

/** Cuts a file into frames. */
class FrameSource {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #size: number;
  #block: Buffer = Buffer.alloc(0);
  #blockAt = 0;
  #at = 0;

  constructor(file: FileHandle, path: string, size: number) {
    this.#file = file;
    this.#path = path;
    this.#size = size;
  }

  /** The next frame; undefined at the end of the contents. */
  async next(): Promise<Frame | undefined> {
    const offset = this.#at;
    const left = this.#size - offset;
    if (left === 0) return undefined;
    const cut = { offset, cut: true, record: Buffer.alloc(0), padded: Buffer.alloc(0) };
    if (left < frameBytes) return cut;
    const field = (await this.#bytes(offset, frameBytes)).readBigUInt64LE(0);
    if (field === 0n) return undefined;
    const length = Number(field & 0x00ff_ffff_ffff_ffffn);
    const padding = field >> 63n === 1n ? Number((field >> 56n) & 0x7n) : 0;
    if (length + padding > left - frameBytes) return cut;
    const padded = await this.#bytes(offset + frameBytes, length + padding);
    this.#at = offset + frameBytes + length + padding;
    return { offset, cut: false, record: padded.subarray(0, length), padded };
  }

  async #bytes(from: number, length: number): Promise<Buffer> {
    const start = from - this.#blockAt;
    if (start >= 0 && start + length <= this.#block.length) return this.#block.subarray(start, start + length);
    const block = Buffer.alloc(Math.min(this.#size - from, Math.max(length, blockBytes)));
    let read = 0;
    while (read < block.length) {
      const { bytesRead } = await this.#file.read(block, read, block.length - read, from + read);
      if (bytesRead === 0) throw new WalDamage(`${this.#path} became shorter while it was read: an etcd is running`);
      read += bytesRead;
    }
    this.#block = block;
    this.#blockAt = from;
    return block.subarray(0, length);
  }
}
