import { open } from "node:fs/promises";
import { join } from "node:path";
import { crc32c } from "../base/index.js";
import { Metadata, raftpb, walpb } from "../wire/index.js";
import { recordTypes } from "./log-record.js";
import { segmentName } from "./segments.js";

/** A log to write. */
export interface NewLog {
  readonly memberId: bigint;
  readonly clusterId: bigint;
  /** The snapshot from which a start goes on; undefined for a log that begins with index 1. */
  readonly snapshot: Required<raftpb.SnapshotMetadata> | undefined;
  /** The entries behind the snapshot, without gaps. */
  readonly entries: Iterable<raftpb.Entry> | AsyncIterable<raftpb.Entry>;
  readonly hardState: raftpb.HardState;
}

/** Bytes that are collected before they are written. */
const chunkBytes = 1024 * 1024;

/**
 * Writes a log of one segment into the empty directory `dir`, in the order in which etcd would have written it, and
 * syncs it. etcd begins another segment when it has more to write.
 */
export async function writeLog(dir: string, { memberId, clusterId, snapshot, entries, hardState }: NewLog) {
  const file = await open(join(dir, segmentName(0, 0)), "wx", 0o600);
  try {
    let chunks: Uint8Array[] = [];
    let bytes = 0;
    let sum = 0;
    const add = (type: number, data: Uint8Array): void => {
      sum = type === recordTypes.crc ? sum : crc32c(data, sum);
      const framed = frameOf(walpb.Record.encode({ type, crc: sum, data }));
      chunks.push(framed);
      bytes += framed.length;
    };
    add(recordTypes.crc, new Uint8Array(0));
    add(recordTypes.metadata, Metadata.encode({ nodeId: memberId, clusterId }));
    add(recordTypes.snapshot, walpb.Snapshot.encode({ index: 0, term: 0, confState: undefined }));
    if (snapshot !== undefined) {
      // A snapshot counts only when the log says that its index is committed.
      add(recordTypes.state, raftpb.HardState.encode({ ...hardState, commit: snapshot.index }));
      add(recordTypes.snapshot, walpb.Snapshot.encode(snapshot));
    }
    for await (const entry of entries) {
      add(recordTypes.entry, raftpb.Entry.encode(entry));
      if (bytes < chunkBytes) continue;
      await file.writev(chunks);
      chunks = [];
      bytes = 0;
    }
    add(recordTypes.state, raftpb.HardState.encode(hardState));
    await file.writev(chunks);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A record with its frame before it, and zeros behind it so that the next frame begins at a multiple of 8 bytes. */
function frameOf(record: Uint8Array): Buffer {
  const padding = (8 - (record.length % 8)) % 8;
  const framed = Buffer.alloc(8 + record.length + padding);
  const mark = padding === 0 ? 0n : BigInt(0x80 | padding) << 56n;
  framed.writeBigUInt64LE(BigInt(record.length) | mark, 0);
  framed.set(record, 8);
  return framed;
}
