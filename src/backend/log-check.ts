import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readLog, VarintReader } from "./log-format.js";
import { readManifest } from "./manifest.js";

/** A place in a LevelDB directory's log where a batch should be and none can be read. */
export interface LogDamage {
  readonly file: string;
  readonly offset: number;
  /** An intact batch follows. Batches are synced one after the other, so the damaged one was intact once. */
  readonly followed: boolean;
  /** The damage is the end of a write that was cut short, and that nobody was told about. LevelDB skips it. */
  readonly torn: boolean;
}

/** Called for every key that an intact batch puts, in order; `behind` is true after the damage. */
export type VisitKey = (key: Uint8Array, behind: boolean) => void;

/** A batch starts with the sequence number of its first change (8) and the number of its changes (4). */
const batchHeaderBytes = 12;

/**
 * Reads the log files of a LevelDB directory that is not open. LevelDB itself skips whatever it cannot read there, and
 * intact batches behind it. That is right for the torn end of a write that nobody was told about, but when a bit
 * changed in the last batch or an earlier one, LevelDB would silently lose acknowledged batches.
 * docs/internals/formats.md specifies how a torn write is told from damage.
 *
 * Logs that the manifest no longer needs are left out, as LevelDB does: a crash may have prevented the removal of such
 * a log, and its end may be torn although newer logs follow.
 */
export async function checkLog(dir: string, visit?: VisitKey): Promise<LogDamage | undefined> {
  const files = await liveLogs(dir);
  let damage: LogDamage | undefined;
  let sequence: number | undefined;
  for (const name of files) {
    const file = join(dir, name);
    for (const found of readLog(await readFile(file))) {
      if (found.batch === undefined) {
        damage ??= { file, offset: found.offset, followed: false, torn: found.torn };
      } else if (follows(sequence, found.batch)) {
        sequence = sequenceOf(found.batch);
        if (damage !== undefined) damage = { ...damage, followed: true, torn: false };
        if (visit !== undefined) visitPuts(found.batch, (key) => visit(key, damage !== undefined));
      }
    }
  }
  return damage;
}

/** Names of the log files that LevelDB will read, oldest first. */
async function liveLogs(dir: string): Promise<readonly string[]> {
  const { logNumber, previousLog } = await readManifest(dir);
  const names = await readdir(dir).catch(() => []);
  return names
    .filter((name) => /^\d+\.log$/.test(name))
    .map((name) => ({ name, number: Number.parseInt(name, 10) }))
    .filter(({ number }) => number >= logNumber || number === previousLog)
    .sort((left, right) => left.number - right.number)
    .map(({ name }) => name);
}

/**
 * The most by which a batch's sequence number may exceed that of the batch before: more changes than any batch holds.
 */
const sequenceStepMax = 2 ** 24;

/**
 * A stored value may contain anything, even a LevelDB log. So bytes that look like a batch count only when their
 * sequence number fits.
 */
function follows(sequence: number | undefined, batch: Buffer): boolean {
  if (batch.byteLength < batchHeaderBytes) return false;
  if (sequence === undefined) return true;
  const step = sequenceOf(batch) - sequence;
  return step >= 0 && step <= sequenceStepMax;
}

function sequenceOf(batch: Buffer): number {
  return Number(batch.readBigUInt64LE(0));
}

/** After the header of a batch come, for each change, a kind (1 byte), a key and, for a put, a value. */
function visitPuts(batch: Buffer, visit: (key: Uint8Array) => void): void {
  const reader = new VarintReader(batch.subarray(batchHeaderBytes));
  while (reader.more()) {
    const isPut = reader.next() === 1;
    const key = reader.bytes(reader.next());
    if (!isPut) continue;
    visit(key);
    reader.bytes(reader.next());
  }
}
