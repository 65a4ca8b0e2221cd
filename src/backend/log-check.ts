import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readLog, VarintReader } from "./log-format.js";
import { readManifest } from "./manifest.js";

/** A place in a LevelDB directory's log where there should be a batch, and is none that can be read. */
export interface LogDamage {
  readonly file: string;
  readonly offset: number;
  /** A whole batch stands behind it. Batches are synced one after the other, so this one was whole once. */
  readonly followed: boolean;
  /** It is the end of a write that was cut short, which nobody was told about. LevelDB passes over it. */
  readonly torn: boolean;
}

/** Told of every key that a good batch puts, in order; `behind` when it stands behind the damage. */
export type VisitKey = (key: Uint8Array, behind: boolean) => void;

/** A batch starts with the sequence number of its first change (8) and the number of its changes (4). */
const batchHeaderBytes = 12;

/**
 * Reads the log files of a LevelDB directory that is not open. LevelDB itself passes over what it cannot read there,
 * and over whole batches that follow: right for the torn end of a write that nobody was told about, but it would lose
 * acknowledged batches without a word when a bit has changed in the last one or before it. What tells a torn write from
 * damage is specified in docs/internals/formats.md.
 *
 * Logs that the manifest is done with are left out, as LevelDB does: a crash may have kept one from being removed, and
 * its end may be torn, though newer logs go on.
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

/** Names of the log files that LevelDB will read, the oldest first. */
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

/** Behind a batch's header stand, for each change, a kind (1), a key and, for a put, a value. */
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
