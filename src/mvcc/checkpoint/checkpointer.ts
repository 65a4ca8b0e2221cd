import type { SideFiles } from "../../backend/index.js";
import { EtcdError, errorText, type Key, type Timer, Turns } from "../../base/index.js";
import { type Compactor, storedCompactions } from "../compaction.js";
import type { StoreState } from "../store-state.js";
import { BlockWriter } from "./blocks.js";
import type { Budget, CheckpointPace } from "./budget.js";
import type { CheckpointedKeys } from "./checkpointed-keys.js";
import { writeLeaf } from "./leaf-code.js";
import { type CheckpointRecord, encodeCheckpoint, fileName, recordKey } from "./record.js";
import { VarintWriter } from "./varints.js";

/** Bytes of a block before it is compressed, which takes about a millisecond. */
const blockBytes = 64 * 1024;
/** Cost of a leaf, in the unit of `WorkBudget`: bytes that could be read in the same time. */
const bytesOfLeaf = 16 * 1024;
/** A checkpoint of more keys takes too long while the member stops. */
const stopKeysMax = 4_000_000;
/** Graves may take this many times the bytes of the checkpoint. Beyond, it is given up: it would save little. */
const gravesShareMax = 4;
const gravesBytesMin = 1024 * 1024;

/**
 * Writes the index to a file beside the database now and then, so that a start reads it and the changes behind it
 * instead of all rows.
 *
 * The file is written in turns, while writes go on: each key is in it as it was when the pass came to it. All records
 * up to the revision at the beginning are in it, and some later ones. When the file is on disk, a record in the
 * database names it. That record is put after the rows of everything in the file, and after the removal of all rows
 * whose records the pass did not find any more. Changes reach the disk in order, so a database that has the record
 * agrees with the file.
 */
export class Checkpointer {
  readonly #state: StoreState;
  readonly #files: SideFiles;
  readonly #keys: CheckpointedKeys;
  readonly #compactor: Compactor;
  readonly #pace: CheckpointPace;
  readonly #budget: Budget;
  readonly #stopping = new AbortController();
  readonly #stopped: Promise<void>;
  #timer: Timer | undefined;
  #number: number;
  #writing: Promise<void> | undefined;

  constructor(
    state: StoreState,
    files: SideFiles,
    keys: CheckpointedKeys,
    compactor: Compactor,
    pace: CheckpointPace,
    budget: Budget,
  ) {
    this.#state = state;
    this.#files = files;
    this.#keys = keys;
    this.#compactor = compactor;
    this.#pace = pace;
    this.#budget = budget;
    this.#number = keys.current?.number ?? 0;
    this.#stopped = new Promise((resolve) => {
      this.#stopping.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    this.#setTimer();
  }

  /** Stops. A checkpoint that is being written is given up. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.cancel();
    await this.#writing;
  }

  /** Stops when the member does: writes a last checkpoint before, if the next start would have much to read. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    const { backend, index } = this.#state;
    // Changes that are held when the member stops are incomplete, and are dropped.
    if (index.records.count <= stopKeysMax && !backend.holding) {
      await this.#writing;
      if (this.#budget.dueAtStop(backend.sizeInUse())) await this.#start();
    }
    await this.stop();
  }

  #setTimer(): void {
    this.#timer = this.#state.clock.after(this.#pace.lookMs, () => {
      this.#look();
      this.#setTimer();
    });
  }

  #look(): void {
    if (this.#writing !== undefined) return;
    const { current, graves } = this.#keys;
    if (current !== undefined && graves.bytes > gravesShareMax * current.fileBytes + gravesBytesMin)
      this.#giveUp(current);
    const { backend, index } = this.#state;
    if (this.#budget.due(index.usedBytes, backend.sizeInUse())) void this.#start();
  }

  /** Writes a checkpoint. Resolves when it is done, or has failed. */
  #start(): Promise<void> {
    this.#writing = this.#write()
      .catch((error: unknown) => this.#report(error))
      .finally(() => {
        this.#writing = undefined;
        this.#keys.writing = undefined;
      });
    return this.#writing;
  }

  async #write(): Promise<void> {
    const { backend, clock, counters, index, logger } = this.#state;
    const startedAt = clock.now();
    const number = ++this.#number;
    const { current, graves } = this.#keys;
    const startRevision = this.#state.revision;
    const { finished } = storedCompactions(backend);
    const firstGrave = graves.next;
    this.#keys.writing = { number, startRevision };
    this.#budget.begin();
    const { keys, fileBytes, sum } = await this.#writeFile(number);
    // Rows whose records the pass did not find any more must be gone before the checkpoint counts.
    await this.#compactor.rowsRemoved();
    this.#throwIfStopping();
    const owedBytes = this.#budget.spend(fileBytes, index.usedBytes);
    const record: CheckpointRecord = { number, startRevision, finished, keys, fileBytes, sum, owedBytes };
    backend.put("own", recordKey, encodeCheckpoint(record));
    graves.removeBelow(firstGrave);
    await Promise.race([backend.commit(), this.#stopped]);
    this.#throwIfStopping();
    this.#keys.current = record;
    counters.checkpointSeconds.observe((clock.now() - startedAt) / 1000);
    counters.checkpointBytes += fileBytes;
    counters.checkpointRevision = startRevision;
    const took = `${Math.round(clock.now() - startedAt)}ms`;
    logger.info("wrote a checkpoint of the index", { revision: startRevision, keys, bytes: fileBytes, took });
    if (current !== undefined) await this.#files.remove(fileName(current.number));
  }

  async #writeFile(number: number): Promise<Pick<CheckpointRecord, "keys" | "fileBytes" | "sum">> {
    const file = await this.#files.create(fileName(number));
    try {
      const blocks = new BlockWriter(file);
      const keys = await this.#writeLeaves(blocks, number);
      await blocks.flush();
      await file.finish();
      return { keys, fileBytes: blocks.bytes, sum: blocks.sum };
    } catch (error) {
      await file.abandon().catch(() => undefined); // the first error is the one to report
      await this.#files.remove(fileName(number)).catch(() => undefined);
      throw error;
    }
  }

  /** @returns the number of keys */
  async #writeLeaves(blocks: BlockWriter, number: number): Promise<number> {
    const { clock, index } = this.#state;
    const turns = new Turns(clock);
    const block = new VarintWriter();
    let keys = 0;
    for (let low: Key | undefined = ""; low !== undefined; ) {
      let next: Key | undefined;
      let over = false;
      index.walkLeaves(low, (leaf, from) => {
        if (over) {
          next = leaf.key(from);
          return false;
        }
        writeLeaf(block, leaf, from, index.records, number);
        keys += leaf.count - from;
        over = turns.over(bytesOfLeaf);
        if (block.length < blockBytes) return true;
        blocks.add(block.written);
        block.clear();
        over ||= blocks.full;
        return true;
      });
      low = next;
      if (blocks.full) await blocks.flush();
      if (low !== undefined) await turns.rest();
      this.#throwIfStopping();
    }
    if (block.length > 0) blocks.add(block.written);
    return keys;
  }

  /** Forgets a checkpoint. The next start reads all rows if no other one is written before. */
  #giveUp({ number }: CheckpointRecord): void {
    const { backend, counters, logger } = this.#state;
    const { graves } = this.#keys;
    counters.checkpointRevision = 0;
    logger.info("gave up the checkpoint of the index: most of its keys are gone", { "graves-bytes": graves.bytes });
    this.#keys.current = undefined;
    backend.delete("own", recordKey);
    graves.removeBelow(graves.next);
    backend
      .commit()
      .then(() => this.#files.remove(fileName(number)))
      .catch((error: unknown) => this.#report(error));
  }

  #report(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    this.#budget.failed();
    this.#state.counters.checkpointFailures++;
    this.#state.logger.warn("cannot write a checkpoint of the index", { error: errorText(error) });
  }

  #throwIfStopping(): void {
    if (this.#stopping.signal.aborted) throw new EtcdError("stopped");
  }
}
