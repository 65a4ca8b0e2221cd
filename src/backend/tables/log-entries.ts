import { readFile } from "node:fs/promises";
import { compareBytes } from "../../base/index.js";
import { readLog, VarintReader } from "../log-format.js";
import { damagedBlock } from "./block.js";
import { EntryList } from "./entry-list.js";

/** A batch begins with the number of its first change (8) and the number of its changes (4), little endian. */
const batchHeadBytes = 12;
const put = 1;

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
  readonly sequence: number;
}

/** The changes in logs, which are in no table yet. @throws DiskError when a batch is damaged */
export async function readLogs(paths: readonly string[]): Promise<EntryList> {
  const entries: Entry[] = [];
  for (const path of paths) {
    for (const { batch } of readLog(await readFile(path))) {
      if (batch === undefined) throw damagedBlock();
      addBatch(batch, entries);
    }
  }
  entries.sort((one, other) => compareBytes(one.key, other.key) || other.sequence - one.sequence);
  const list = new EntryList();
  for (const { key, value, sequence } of entries) list.add(key, value, sequence);
  return list;
}

function addBatch(batch: Buffer, entries: Entry[]): void {
  if (batch.length < batchHeadBytes) throw damagedBlock();
  let sequence = batch.readUIntLE(0, 6);
  const reader = new VarintReader(batch.subarray(batchHeadBytes));
  while (reader.more()) {
    const kind = reader.next();
    const key = reader.bytes(reader.next());
    const value = kind === put ? reader.bytes(reader.next()) : undefined;
    entries.push({ key, value, sequence: sequence++ });
  }
}
