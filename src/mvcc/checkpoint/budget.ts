import type { Backend } from "../../backend/index.js";

/** When checkpoints of the index are written. */
export interface CheckpointPace {
  /** How often to look whether one is due. */
  readonly lookMs: number;
  /** The least bytes of changes behind a checkpoint before the next one. */
  readonly tailBytesMin: number;
  /** The share of checkpoints in all bytes that the member writes. */
  readonly share: number;
}

/** A tail of 16 MiB is read in about half a second. */
export const defaultPace: CheckpointPace = { lookMs: 5_000, tailBytesMin: 16 * 1024 * 1024, share: 0.01 };

/** A change is written three times: to the raft log, to the database's log, and to a table. */
const writesOfChange = 3;
/** Bytes of changes in a second below which a member counts as idle. */
const idleBytesOfSecond = 256 * 1024;
/** A tail that is shorter than this share of the database costs a start little. */
const longTailShare = 0.1;
/** An estimate for the first checkpoint: its bytes for each byte of the index in memory. Names compress well. */
const firstShare = 0.1;

/**
 * Decides when a checkpoint is due. All of them together may take a share of the bytes that the member writes. One is
 * written when this account has its bytes; when the member is idle or stops, the account may be overdrawn by one, which
 * the next one then waits for.
 */
export class Budget {
  readonly #backend: Pick<Backend, "changedBytes">;
  readonly #pace: CheckpointPace;
  /** `changedBytes` at the beginning of the last checkpoint, and of the one that is being written. */
  #tailFrom: number;
  #tailFromNext: number;
  /** The account without what was written since `#countedTo`. */
  #saved: number;
  #countedTo: number;
  /** `changedBytes` before which no other checkpoint is tried, after one failed. */
  #notBefore = 0;
  #lookedAt = 0;
  /** Bytes of a checkpoint for each byte of the index in memory. */
  #bytesOfByte: number;

  /**
   * @param tailBytes bytes of changes behind the last checkpoint
   * @param owedBytes by how much the account was overdrawn then
   * @param bytesOfByte bytes of the last checkpoint for each byte of the index in memory; undefined without one
   */
  constructor(
    backend: Pick<Backend, "changedBytes">,
    pace: CheckpointPace,
    tailBytes: number,
    owedBytes: number,
    bytesOfByte: number = firstShare,
  ) {
    this.#backend = backend;
    this.#pace = pace;
    const { changedBytes } = backend;
    this.#tailFrom = changedBytes - tailBytes;
    this.#tailFromNext = this.#tailFrom;
    this.#saved = this.#shareOf(tailBytes) - owedBytes;
    this.#countedTo = changedBytes;
    this.#lookedAt = changedBytes;
    this.#bytesOfByte = bytesOfByte;
  }

  /** Asked every `lookMs`. */
  due(indexBytes: number, databaseBytes: number): boolean {
    const { changedBytes } = this.#backend;
    const idle = changedBytes - this.#lookedAt < (idleBytesOfSecond * this.#pace.lookMs) / 1000;
    this.#lookedAt = changedBytes;
    if (this.#tailBytes < this.#pace.tailBytesMin || changedBytes < this.#notBefore) return false;
    if (this.#account >= indexBytes * this.#bytesOfByte) return true;
    return idle && this.#overdrawable(databaseBytes);
  }

  /** Whether the start after this stop would have much to read. */
  dueAtStop(databaseBytes: number): boolean {
    return this.#tailBytes >= this.#pace.tailBytesMin && this.#overdrawable(databaseBytes);
  }

  /** A checkpoint begins. */
  begin(): void {
    this.#tailFromNext = this.#backend.changedBytes;
  }

  /** The checkpoint is written. @returns by how much the account is overdrawn */
  spend(fileBytes: number, indexBytes: number): number {
    const account = this.#account - fileBytes;
    // Savings of a long time would allow many checkpoints one after the other.
    this.#saved = Math.min(account, fileBytes);
    this.#countedTo = this.#backend.changedBytes;
    this.#tailFrom = this.#tailFromNext;
    this.#bytesOfByte = fileBytes / Math.max(indexBytes, 1);
    return Math.ceil(Math.max(-this.#saved, 0));
  }

  /** The checkpoint could not be written: the next try waits for as many changes as the first one. */
  failed(): void {
    this.#notBefore = this.#backend.changedBytes + this.#pace.tailBytesMin;
  }

  #overdrawable(databaseBytes: number): boolean {
    return this.#account >= 0 && this.#tailBytes >= longTailShare * databaseBytes;
  }

  get #tailBytes(): number {
    return this.#backend.changedBytes - this.#tailFrom;
  }

  get #account(): number {
    return this.#saved + this.#shareOf(this.#backend.changedBytes - this.#countedTo);
  }

  #shareOf(bytes: number): number {
    return writesOfChange * bytes * this.#pace.share;
  }
}
