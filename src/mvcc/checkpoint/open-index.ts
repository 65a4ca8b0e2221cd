import type { Backend } from "../../backend/index.js";
import type { Clock, Logger } from "../../base/index.js";
import { KeyIndex } from "../keys/key-index.js";
import { type RestoredRows, restoreIndex } from "../restore.js";
import { type Grave, readGraves } from "./graves.js";
import { type CheckpointRecord, decodeCheckpoint, fileName, recordKey, UnusableCheckpoint } from "./record.js";
import { type LeftRow, type StartFacts, startFromCheckpoint } from "./start.js";
import { StartProgress } from "./start-progress.js";

/** The index of a store that starts. */
export interface OpenedIndex {
  readonly index: KeyIndex;
  /** The checkpoint that it was made from; undefined when all rows were read. */
  readonly checkpoint: CheckpointRecord | undefined;
  readonly graves: readonly Grave[];
  /** The rows that were read: those behind the checkpoint, or all. */
  readonly rows: RestoredRows;
  /** Whether any key may have a lease. */
  readonly leased: boolean;
  /** Rows of records that the index does not have, since an unfinished compaction drops them. */
  readonly left: readonly LeftRow[];
}

interface Compactions {
  readonly scheduled: number;
  readonly finished: number;
}

/** Makes the index: from a checkpoint and the rows behind it, or from all rows when there is none that can be used. */
export async function openIndex(
  backend: Backend,
  compactions: Compactions,
  clock: Clock,
  logger: Logger,
): Promise<OpenedIndex> {
  const graves = await readGraves(backend);
  const progress = await StartProgress.of(backend, clock, logger);
  const stored = backend.get("own", recordKey);
  const checkpoint = stored === undefined ? undefined : decodeCheckpoint(stored);
  if (checkpoint !== undefined) {
    const opened = await openFrom(backend, { checkpoint, graves, ...compactions }, clock, progress, logger);
    if (opened !== undefined) return opened;
  }
  if (stored !== undefined) backend.delete("own", recordKey);
  const index = new KeyIndex();
  const rows = await readAllRows(backend, index, clock, progress);
  return { index, checkpoint: undefined, graves, rows, leased: rows.leased, left: [] };
}

/** Removes the files of checkpoints that do not count: of earlier ones, and of those that were not completed. */
export async function removeOtherFiles(backend: Backend, checkpoint: CheckpointRecord | undefined): Promise<void> {
  const kept = checkpoint === undefined ? undefined : fileName(checkpoint.number);
  for (const name of (await backend.sideFiles?.names()) ?? []) {
    if (name !== kept) await backend.sideFiles?.remove(name);
  }
}

async function openFrom(
  backend: Backend,
  facts: StartFacts,
  clock: Clock,
  progress: StartProgress,
  logger: Logger,
): Promise<OpenedIndex | undefined> {
  const { sideFiles } = backend;
  const { checkpoint, graves } = facts;
  if (sideFiles === undefined) return undefined;
  try {
    const { tail, ...started } = await startFromCheckpoint(backend, sideFiles, facts, clock, progress);
    const { startRevision: revision, keys } = checkpoint;
    logger.info("read the checkpoint of the index", { revision, keys, "changes-behind-it": tail.rows });
    return { ...started, checkpoint, graves, rows: tail };
  } catch (error) {
    if (!(error instanceof UnusableCheckpoint)) throw error;
    logger.warn("the checkpoint of the index cannot be used: all keys are read instead", { reason: error.message });
    return undefined;
  }
}

async function readAllRows(
  backend: Backend,
  index: KeyIndex,
  clock: Clock,
  progress: StartProgress,
): Promise<RestoredRows> {
  return restoreIndex(backend, index, clock, undefined, ({ rows }) => progress.at("reading all keys", rows));
}
