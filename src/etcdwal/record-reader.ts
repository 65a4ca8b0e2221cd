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
 * @param onTorn called when the log ends with a torn record
 * @throws WalDamage
 */
export async function* readRecords(
  segments: readonly Segment[],
  onTorn: (end: TornEnd) => void = () => undefined,
): AsyncGenerator<WalRecord, void, undefined> {
  let sum = 0;
  for (const [at, { path }] of segments.entries()) {
    const last = at === segments.length - 1;
    const file = await open(path, "r");
    try {
      const source = new FrameSource(file, path, (await file.stat()).size);
      for (;;) {
        const frame = await source.next();
        if (frame === undefined) break;
        const read = frame.cut ? "cut" : checked(frame, sum);
        if (read === "cut" || read === "wrong") {
          if (last && (read === "cut" || isTorn(frame))) {
            onTorn({ path, offset: frame.offset });
            return;
          }
          throw damagedAt(path, frame.offset, read);
        }
        const { record } = read;
        if (record.type === recordTypes.crc) {
          // The first record of a segment repeats the sum of the one before. A reader that begins there has none.
          if (sum !== 0 && record.crc !== sum) throw damagedAt(path, frame.offset, "wrong");
          sum = record.crc;
          continue;
        }
        sum = read.sum;
        yield decodeRecord(record, `${path} at byte ${frame.offset}`);
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

function checked({ record: bytes }: Frame, sum: number): { record: walpb.Record; sum: number } | "wrong" {
  let record: walpb.Record;
  try {
    record = walpb.Record.decode(bytes);
  } catch (error) {
    if (error instanceof WireError) return "wrong";
    throw error;
  }
  if (record.type === recordTypes.crc) return { record, sum };
  const next = crc32c(record.data, sum);
  return next === record.crc ? { record, sum: next } : "wrong";
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
