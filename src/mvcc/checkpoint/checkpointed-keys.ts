import type { Backend } from "../../backend/index.js";
import type { KeyRows, Row } from "../keys/key-rows.js";
import { type Grave, Graves } from "./graves.js";
import type { CheckpointRecord } from "./record.js";

/** Knows which keys a start from a checkpoint would find in it: those of the current one, or of the one to come. */
export class CheckpointedKeys {
  readonly graves: Graves;
  /** The checkpoint from which a start would begin. */
  current: CheckpointRecord | undefined;
  /** The checkpoint that is being written. */
  writing: Pick<CheckpointRecord, "number" | "startRevision"> | undefined;
  readonly #rows: KeyRows;

  constructor(rows: KeyRows, backend: Backend, graves: readonly Grave[], current: CheckpointRecord | undefined) {
    this.#rows = rows;
    this.graves = new Graves(backend, graves);
    this.current = current;
  }

  /** Whether a start would need to be told that a compaction has removed a key, whose row is still there. */
  needsGrave(row: Row): boolean {
    const oldest = this.current ?? this.writing;
    if (oldest === undefined) return false;
    // Deletes up to the start revision are in the checkpoint itself.
    return this.#rows.checkpoint(row) >= oldest.number && this.#rows.main(row) > oldest.startRevision;
  }
}
