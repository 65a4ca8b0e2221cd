import { dirname, join } from "node:path";
import type { LevelStore } from "../../backend/index.js";
import type { Clock, Logger } from "../../base/index.js";
import { createDataDir, type OpenedWal, Wal, type WalMetadata } from "../../wal/index.js";
import type { LogCounters } from "../consensus/log-counters.js";
import { type ReceivedSnapshots, SnapshotFolder } from "../snapshots/received-snapshots.js";
import { DatabaseFolder } from "./database-folder.js";
import type { MemberDisk } from "./member-disk.js";

export interface FileDiskConfig {
  readonly dataDir: string;
  /** A separate directory for the raft log. */
  readonly walDir?: string | undefined;
  /** Disables fsync. */
  readonly unsafeNoSync: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Opens a LevelDB directory; tests pass a store whose disk fails. */
  readonly openStore?: ((dir: string) => Promise<LevelStore>) | undefined;
  /** Bytes after which a segment of the raft log is full, as for `Wal.open`. */
  readonly segmentBytes?: number | undefined;
  /** Keeps the databases that peers send; by default in `member/snap`. */
  readonly receivedSnapshots?: ReceivedSnapshots | undefined;
}

/** Keeps a member's data in a data directory: `member/wal`, `member/db` and `member/snap`. */
export class FileDisk implements MemberDisk {
  readonly databases: DatabaseFolder;
  readonly #config: FileDiskConfig;
  readonly #walDir: string;
  readonly #databaseDir: string;

  constructor(config: FileDiskConfig) {
    const { dataDir, walDir, openStore } = config;
    this.#config = config;
    this.#walDir = walDir ?? join(dataDir, "member", "wal");
    this.#databaseDir = join(dataDir, "member", "db");
    this.databases = new DatabaseFolder(this.#databaseDir, openStore);
  }

  async prepare(): Promise<void> {
    const { dataDir, walDir, logger } = this.#config;
    await createDataDir(dataDir, logger, walDir);
  }

  async openLog(metadata?: WalMetadata): Promise<OpenedWal | undefined> {
    const { unsafeNoSync, logger, openStore, segmentBytes } = this.#config;
    if (metadata === undefined && !Wal.exists(this.#walDir)) return undefined;
    const dir = this.#walDir;
    return Wal.open({
      ...{ dir, logger, unsafeNoSync, ...(metadata && { metadata }), ...(openStore && { openStore }) },
      ...(segmentBytes && { segmentBytes }),
    });
  }

  received(counters: LogCounters): ReceivedSnapshots {
    const { clock, receivedSnapshots, openStore } = this.#config;
    const dir = join(dirname(this.#databaseDir), "snap");
    return receivedSnapshots ?? new SnapshotFolder(dir, clock, counters, openStore);
  }
}
