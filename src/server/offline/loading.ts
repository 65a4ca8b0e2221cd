import { open } from "node:fs/promises";
import { type Backend, BackendCounters } from "../../backend/index.js";
import { type Logger, newestApiLevel, systemClock } from "../../base/index.js";
import type { Snapshot } from "../../raft/index.js";
import type { WalMetadata } from "../../wal/index.js";
import { serverDefaults } from "../config.js";
import { DatabaseFolder } from "../disk/database-folder.js";
import { Databases } from "../snapshots/databases.js";
import type { ReceivedSnapshots } from "../snapshots/received-snapshots.js";

export interface Loading {
  /** The directory of a member's first database. */
  readonly backendDir: string;
  readonly ids: WalMetadata;
  /** The file that holds the database, in etcd's format. */
  readonly path: string;
  readonly logger: Logger;
  readonly onRead?: ((bytes: number) => void) | undefined;
}

/**
 * Makes a member's database of a file in etcd's format, as if the member had received the file with a snapshot.
 *
 * @param snapshot says how far the database has applied the log, and who the members are
 */
export async function loadDatabase(loading: Loading, snapshot: Snapshot): Promise<Backend> {
  const { backendDir, ids, path, logger, onRead } = loading;
  const databases = new Databases({
    level: newestApiLevel,
    places: new DatabaseFolder(backendDir),
    ids,
    received: onlyFile(path),
    counters: new BackendCounters(),
    clock: systemClock,
    logger,
    onFailure: () => undefined, // The caller sees a failure as the rejection of its write.
    batchIntervalMs: serverDefaults.backendBatchIntervalMs,
    batchLimit: serverDefaults.backendBatchLimit,
    onLoaded: (bytes) => onRead?.(bytes),
  });
  return databases.load(snapshot, new AbortController().signal);
}

/** The received snapshots of a member that has exactly one. */
function onlyFile(path: string): ReceivedSnapshots {
  return {
    open: () => open(path, "r"),
    store: () => Promise.reject(new Error("a member that does not run receives nothing")),
    removeThrough: async () => undefined,
    clear: async () => undefined,
  };
}
