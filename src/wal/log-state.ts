import { assert, type ClusterId, type MemberId, readBE64, writeBE64 } from "../base/index.js";
import type { HardState } from "../raft/index.js";

/** The member and the cluster that the log belongs to. */
export interface WalMetadata {
  readonly memberId: MemberId;
  readonly clusterId: ClusterId;
}

/** A position of the log. */
export interface Position {
  readonly index: number;
  readonly term: number;
}

/**
 * Everything about the log except its entries and snapshots. Every batch writes the state, so it is never older than
 * they are.
 */
export interface LogState {
  readonly metadata: WalMetadata | undefined;
  readonly hardState: HardState | undefined;
  /** The last entry that a compaction dropped or a received snapshot covers; index 0 when there is none. */
  readonly compacted: Position;
  /** Indexes of the entries in the last batch that had any, `[first, last]`; `last` is the end of the log. */
  readonly batch: { readonly first: number; readonly last: number };
  /** The last entry in earlier segments that belongs to the log; 0 when there is none. */
  readonly inherited: number;
  /** Number of the segment that goes on after this one; 0 until it exists. */
  readonly next: number;
}

export const emptyLogState: LogState = {
  metadata: undefined,
  hardState: undefined,
  compacted: { index: 0, term: 0 },
  batch: { first: 1, last: 0 },
  inherited: 0,
  next: 0,
};

/*
 * Layout: format (1 byte), flags (1 byte), then eight bytes each: member id, cluster id, first and last index of the
 * last batch, index and term of the last dropped entry, term, vote and commit of the hard state; in format 3 also
 * `inherited` and `next`. A log of one segment has format 2, which earlier releases read.
 */
const oneSegment = { format: 2, bytes: 2 + 9 * 8 } as const;
const manySegments = { format: 3, bytes: 2 + 11 * 8 } as const;
const hasMetadata = 1;
const hasHardState = 2;

export function encodeLogState({ metadata, hardState, compacted, batch, inherited, next }: LogState): Buffer {
  const layout = inherited === 0 && next === 0 ? oneSegment : manySegments;
  const body = Buffer.alloc(layout.bytes);
  body[0] = layout.format;
  body[1] = (metadata === undefined ? 0 : hasMetadata) | (hardState === undefined ? 0 : hasHardState);
  body.writeBigUInt64BE(metadata?.memberId ?? 0n, 2);
  body.writeBigUInt64BE(metadata?.clusterId ?? 0n, 10);
  writeBE64(body, 18, batch.first);
  writeBE64(body, 26, batch.last);
  writeBE64(body, 34, compacted.index);
  writeBE64(body, 42, compacted.term);
  writeBE64(body, 50, hardState?.term ?? 0);
  body.writeBigUInt64BE(hardState?.vote ?? 0n, 58);
  writeBE64(body, 66, hardState?.commit ?? 0);
  if (layout === manySegments) {
    writeBE64(body, 74, inherited);
    writeBE64(body, 82, next);
  }
  return body;
}

/** @returns the log state, or the number of its format when that is another one */
export function decodeLogState(bytes: Uint8Array): LogState | number {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [found = 0, flags = 0] = body;
  const layout = [oneSegment, manySegments].find(({ format }) => format === found);
  if (layout === undefined) return found;
  assert(body.byteLength === layout.bytes, "a log state has the length of its format");
  const hardState = { term: readBE64(body, 50), vote: body.readBigUInt64BE(58), commit: readBE64(body, 66) };
  const metadata = {
    memberId: body.readBigUInt64BE(2) as MemberId,
    clusterId: body.readBigUInt64BE(10) as ClusterId,
  };
  return {
    metadata: flags & hasMetadata ? metadata : undefined,
    hardState: flags & hasHardState ? hardState : undefined,
    compacted: { index: readBE64(body, 34), term: readBE64(body, 42) },
    batch: { first: readBE64(body, 18), last: readBE64(body, 26) },
    inherited: layout === manySegments ? readBE64(body, 74) : 0,
    next: layout === manySegments ? readBE64(body, 82) : 0,
  };
}
