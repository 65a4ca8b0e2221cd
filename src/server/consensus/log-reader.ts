import { asError } from "../../base/index.js";
import { entriesSize, type MemoryStorage } from "../../raft/index.js";
import type { RaftLog } from "../../wal/index.js";
import type { LogCounters } from "./log-counters.js";

export interface LogReaderConfig {
  readonly wal: Pick<RaftLog, "read">;
  readonly storage: MemoryStorage;
  readonly counters: Pick<LogCounters, "readBackBytes">;
  /** Called when the log was read from this index on, and the storage has the entries. */
  readonly onRead: (index: number) => void;
  readonly onFailure: (error: Error) => void;
}

/**
 * Bytes of entries that are read at once: some messages for a slow follower, and few enough that four followers, each
 * at another place of the log, find theirs in memory.
 */
const readBytes = 4 * 1024 * 1024;

/** Reads older entries of the log back from the disk when raft needs them, one part after the other. */
export class LogReader {
  readonly #config: LogReaderConfig;
  #queue: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(config: LogReaderConfig) {
    this.#config = config;
  }

  /** Reads the log from each of these indexes on. */
  read(indexes: readonly number[]): void {
    for (const index of indexes) this.#queue = this.#queue.then(() => this.#readFrom(index));
  }

  stop(): void {
    this.#stopped = true;
  }

  async #readFrom(index: number): Promise<void> {
    const { wal, storage, counters, onRead, onFailure } = this.#config;
    if (this.#stopped) return;
    try {
      const entries = await wal.read(index, storage.lastIndex() + 1, readBytes);
      if (this.#stopped) return;
      counters.readBackBytes += entriesSize(entries);
      storage.readBack(entries);
      onRead(index);
    } catch (error) {
      if (!this.#stopped) onFailure(asError(error));
    }
  }
}
