import { readFile } from "node:fs/promises";
import { compareBytes, type StepTurns } from "../../base/index.js";
import { readLogInSteps, VarintReader } from "../log-format.js";
import { damagedBlock } from "./block.js";
import { EntryList, trailerOfKeyBytes } from "./entry-list.js";

/** A batch begins with the number of its first change (8) and the number of its changes (4), little endian. */
const batchHeadBytes = 12;
const put = 1;

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
  readonly sequence: number;
}

/** The most bytes of a log that are checked in one turn of the event loop, which takes a few milliseconds. */
const stepBytes = 1024 * 1024;
/** The most changes that are sorted at once, which takes less than 10 ms. A log may hold a hundred thousand. */
const runMax = 8_192;

/**
 * The changes in logs, which are in no table yet, as runs of at most `runMax`. Each run is in order, and a key may be
 * in several. There is a rest before each run, and may be one after each MiB.
 *
 * @param turns shared with other work, since several copies may be read at once
 * @throws DiskError when a batch is damaged
 */
export async function readLogs(paths: readonly string[], turns: StepTurns): Promise<readonly EntryList[]> {
  const runs: EntryList[] = [];
  let entries: Entry[] = [];
  for (const path of paths) {
    for (const found of readLogInSteps(await readFile(path), stepBytes)) {
      if (found === undefined) {
        if (turns.over(stepBytes)) await turns.rest();
        continue;
      }
      if (found.batch === undefined) throw damagedBlock();
      for (const entry of entriesOf(found.batch)) {
        entries.push(entry);
        if (entries.length < runMax) continue;
        await turns.rest();
        runs.push(inOrder(entries));
        entries = [];
      }
    }
  }
  if (entries.length > 0) {
    await turns.rest();
    runs.push(inOrder(entries));
  }
  return runs;
}

/** Copies the changes, so that the rest of the log does not stay in memory. */
function inOrder(entries: Entry[]): EntryList {
  entries.sort((one, other) => compareBytes(one.key, other.key) || other.sequence - one.sequence);
  const values = Buffer.allocUnsafeSlow(entries.reduce((sum, { value }) => sum + (value?.length ?? 0), 0));
  const list = new EntryList();
  list.clear(values);
  let at = 0;
  for (const { key, value, sequence } of entries) {
    const trailer = Buffer.alloc(trailerOfKeyBytes);
    trailer[0] = value === undefined ? 0 : put;
    trailer.writeUIntLE(sequence, 1, 6);
    const stored = Buffer.concat([key, trailer]);
    if (value !== undefined) values.set(value, at);
    list.add(0, stored, 0, stored.length, at, value?.length ?? 0);
    at += value?.length ?? 0;
  }
  return list;
}

function* entriesOf(batch: Buffer): Generator<Entry> {
  if (batch.length < batchHeadBytes) throw damagedBlock();
  let sequence = batch.readUIntLE(0, 6);
  const reader = new VarintReader(batch.subarray(batchHeadBytes));
  while (reader.more()) {
    const kind = reader.next();
    const key = reader.bytes(reader.next());
    const value = kind === put ? reader.bytes(reader.next()) : undefined;
    yield { key, value, sequence: sequence++ };
  }
}
