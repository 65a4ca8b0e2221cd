import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Backend, BackendCounters, DiskError, freezeLevel } from "../../backend/index.js";
import { type Logger, newestApiLevel, silentLogger, systemClock } from "../../base/index.js";
import { freezeLog, type OpenedWal, Wal, type WalMetadata } from "../../wal/index.js";
import { serverDefaults } from "../config.js";
import { LogCounters } from "../consensus/log-counters.js";
import { DatabaseFolder, databaseDirs } from "../disk/database-folder.js";
import { Databases } from "../snapshots/databases.js";
import { SnapshotFolder } from "../snapshots/received-snapshots.js";

/** A member of ours that does not run, opened as at a start, without a change to its directory. */
export interface FrozenMember {
  readonly ids: WalMetadata;
  readonly log: OpenedWal;
  readonly backend: Backend;
  close(): Promise<void>;
}

/** @throws DiskError when there is no member, it is running, or its data is damaged */
export async function openFrozenMember(dataDir: string, walDir: string | undefined, logger: Logger) {
  const frozen = await mkdtemp(join(tmpdir(), "etcdutl-"));
  const closing: (() => Promise<void>)[] = [() => rm(frozen, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const step of closing.reverse()) await step();
  };
  try {
    const frozenWal = join(frozen, "wal");
    await freezeLog(walDir ?? join(dataDir, "member", "wal"), frozenWal);
    const log = await Wal.open({ dir: frozenWal, logger });
    closing.push(() => log.wal.close());
    const ids = log.metadata;
    if (ids === undefined) throw new DiskError(`the raft log of ${dataDir} does not name its member`);
    for (const dir of await databaseDirs(join(dataDir, "member", "db"))) {
      await freezeLevel(dir, join(frozen, basename(dir)));
    }
    const received = new SnapshotFolder(join(dataDir, "member", "snap"), systemClock, new LogCounters());
    const databases = new Databases({
      level: newestApiLevel,
      places: new DatabaseFolder(join(frozen, "db")),
      ids,
      received: { ...unused, open: (index) => received.open(index) },
      counters: new BackendCounters(),
      clock: systemClock,
      logger: silentLogger,
      onFailure: () => undefined, // A read that fails rejects.
      batchIntervalMs: serverDefaults.backendBatchIntervalMs,
      batchLimit: serverDefaults.backendBatchLimit,
    });
    const backend = await databases.open(log.snapshot);
    closing.push(() => backend.close());
    return { ids, log, backend, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The steps of a start with received snapshots that a frozen member leaves out. */
const unused = {
  store: () => Promise.reject(new Error("a member that does not run receives nothing")),
  removeThrough: async () => undefined,
  clear: async () => undefined,
};
