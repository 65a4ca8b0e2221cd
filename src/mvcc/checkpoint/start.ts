import type { Backend, SideFiles } from "../../backend/index.js";
import { type Clock, errorText, type Key } from "../../base/index.js";
import { KeyIndex } from "../keys/key-index.js";
import type { DropRecord } from "../keys/key-records.js";
import { type RestoredRows, restoreIndex } from "../restore.js";
import { revisionKey, tombstoneKey } from "../revision.js";
import { readBlocks } from "./blocks.js";
import type { Grave } from "./graves.js";
import { LeafReader } from "./leaf-code.js";
import { type CheckpointRecord, fileName, UnusableCheckpoint } from "./record.js";
import type { StartProgress } from "./start-progress.js";
import { VarintReader } from "./varints.js";

/** A row that an unfinished compaction has still to remove. The index does not know it any more. */
export interface LeftRow {
  readonly storedKey: Uint8Array;
  readonly bytes: number;
}

/** An index from a checkpoint and the changes behind it. */
export interface StartedIndex {
  readonly index: KeyIndex;
  /** The changes behind the checkpoint. */
  readonly tail: RestoredRows;
  /** Whether any key may have a lease. */
  readonly leased: boolean;
  readonly left: readonly LeftRow[];
}

export interface StartFacts {
  readonly checkpoint: CheckpointRecord;
  readonly graves: readonly Grave[];
  /** The last compactions that were requested and that have finished. */
  readonly scheduled: number;
  readonly finished: number;
}

/** The most rows that are looked up because a compaction may have removed them: more take longer than reading all. */
const lookedUpMax = 100_000;

/**
 * Makes the index from a checkpoint and the rows behind it.
 *
 * The index is right even if another release has written to the database since. Rows up to the start revision that are
 * in the database now were there when the checkpoint was written, and are in it; all later ones are read here. So the
 * index has a record for every row. When there are as many records as rows, it has no others.
 *
 * @throws UnusableCheckpoint
 */
export async function startFromCheckpoint(
  backend: Backend,
  files: SideFiles,
  facts: StartFacts,
  clock: Clock,
  progress: StartProgress,
): Promise<StartedIndex> {
  const { checkpoint, graves, scheduled, finished } = facts;
  const index = new KeyIndex();
  const leased = await readFile(files, index, checkpoint, progress);
  const forgotten = graves.filter(({ revision }) => revision <= finished);
  for (const { keys, revision } of forgotten) for (const key of keys) index.forget(key, revision, () => undefined);
  const known = index.records.count;
  const tail = await restoreIndex(backend, index, clock, revisionKey(checkpoint.startRevision + 1, 0), ({ rows }) =>
    progress.at("reading the changes behind the checkpoint of the index", known + rows),
  );
  if (finished > checkpoint.finished) compact(index, finished, () => undefined);
  const unfinished = graves.filter(({ revision }) => revision > finished);
  const left = scheduled > finished ? leftRows(backend, index, unfinished, scheduled) : [];
  await requireEqual(backend, index, left.length);
  return { index, tail, leased: leased || tail.leased, left };
}

/** @returns whether any key has a lease */
async function readFile(files: SideFiles, index: KeyIndex, checkpoint: CheckpointRecord, progress: StartProgress) {
  const { number, keys, fileBytes, sum } = checkpoint;
  const file = await files.open(fileName(number));
  if (file === undefined) throw new UnusableCheckpoint("its file is not there");
  try {
    if (file.bytes !== fileBytes) {
      throw new UnusableCheckpoint(`its file has ${file.bytes} bytes instead of ${fileBytes}`);
    }
    const reader = new LeafReader(index, number);
    for await (const block of readBlocks(file, sum)) {
      for (const source = new VarintReader(block); source.more; ) reader.read(source);
      progress.at("reading the checkpoint of the index", index.records.count);
    }
    if (reader.keys !== keys) throw new UnusableCheckpoint(`it has ${reader.keys} keys instead of ${keys}`);
    reader.finish();
    return reader.leased;
  } catch (error) {
    throw error instanceof UnusableCheckpoint ? error : new UnusableCheckpoint(errorText(error));
  } finally {
    await file.close();
  }
}

/** Drops the records that a compaction at `revision` drops. */
function compact(index: KeyIndex, revision: number, drop: DropRecord): void {
  for (let low: Key | undefined = ""; low !== undefined; ) {
    let keysLeft = 10_000;
    low = index.compactSlice(low, revision, drop, () => keysLeft-- === 0).next;
  }
}

/** Drops what the unfinished compaction drops, and finds the rows that it has not removed yet. */
function leftRows(backend: Backend, index: KeyIndex, graves: readonly Grave[], revision: number): readonly LeftRow[] {
  const left: LeftRow[] = [];
  let lookedUp = 0;
  const drop: DropRecord = (main, sub, isTombstone, bytes) => {
    if (++lookedUp > lookedUpMax)
      throw new UnusableCheckpoint("a compaction was interrupted that removes very many rows");
    const storedKey = isTombstone ? tombstoneKey(main, sub) : revisionKey(main, sub);
    if (backend.get("key", storedKey) !== undefined) left.push({ storedKey, bytes });
  };
  for (const grave of graves) for (const key of grave.keys) index.forget(key, grave.revision, drop);
  compact(index, revision, drop);
  return left;
}

async function requireEqual(backend: Backend, index: KeyIndex, leftRows: number): Promise<void> {
  const view = backend.view();
  const { rows } = view.sizeOf("key");
  await view.close();
  const records = index.records.count + leftRows;
  if (records === rows) return;
  throw new UnusableCheckpoint(`with the changes behind it there are ${records} records of ${rows} rows`);
}
