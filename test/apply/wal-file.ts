import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { raftpb } from "../../src/wire/index.js";

const entryRecord = 2;

/** The entries of the write-ahead log in a data directory of real etcd. For each index the last one counts. */
export function readEtcdLog(dataDir: string): raftpb.Entry[] {
  const dir = join(dataDir, "member", "wal");
  const entries: raftpb.Entry[] = [];
  for (const name of readdirSync(dir)
    .filter((file) => file.endsWith(".wal"))
    .sort()) {
    for (const { type, data } of records(readFileSync(join(dir, name)))) {
      if (type !== entryRecord) continue;
      const entry = raftpb.Entry.decode(data);
      while ((entries.at(-1)?.index ?? 0) >= entry.index) entries.pop();
      entries.push(entry);
    }
  }
  return entries;
}

/** Reads records. Each follows eight bytes with its length in the lower seven and its padding in the highest. */
function* records(file: Buffer): Generator<{ readonly type: number; readonly data: Uint8Array }> {
  for (let at = 0; at + 8 <= file.length; ) {
    const length = file.readUIntLE(at, 6);
    const padding = (file[at + 7] ?? 0) & 7;
    if (length === 0) return;
    yield record(file.subarray(at + 8, at + 8 + length));
    at += 8 + length + padding;
  }
}

function record(bytes: Uint8Array): { readonly type: number; readonly data: Uint8Array } {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  let type = 0;
  let data: Uint8Array = new Uint8Array(0);
  while (at < bytes.length) {
    const tag = varint();
    const value = varint();
    if (tag === 8) type = value;
    if (tag === 26) {
      data = bytes.subarray(at, at + value);
      at += value;
    }
  }
  return { type, data };
}
