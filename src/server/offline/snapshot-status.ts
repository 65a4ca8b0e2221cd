import { crc32c, readBE64 } from "../../base/index.js";
import { KeyValue } from "../../wire/index.js";
import { openStoredDatabase } from "./stored-database.js";
import { readMeta } from "./stored-meta.js";

/** The facts about a database that `etcdutl snapshot status` prints. */
export interface SnapshotStatus {
  /** CRC-32C of all names, keys and values. */
  readonly hash: number;
  readonly revision: number;
  /** The number of keys that exist at this revision. */
  readonly totalKey: number;
  readonly totalSize: number;
  /** The storage version, such as `3.7.0`; empty in databases of etcd 3.5 and older. */
  readonly version: string;
}

/** Length of the key of a deletion: a revision, and a mark behind it. */
const tombstoneBytes = 18;

/**
 * Reads a whole snapshot, or the database of a data directory of ours. Holds the names of its keys in memory.
 *
 * @param onRead called with the bytes of rows that were read
 * @throws BoltError when the file is damaged, and errors of `openStoredDatabase`
 */
export async function snapshotStatus(path: string, onRead: (bytes: number) => void): Promise<SnapshotStatus> {
  const database = await openStoredDatabase(path);
  try {
    let [hash, revision] = [0, 0];
    const keys = new Set<string>();
    for (const name of database.buckets) {
      hash = crc32c(Buffer.from(name, "latin1"), hash);
      for await (const rows of database.batches(name)) {
        let bytes = 0;
        for (const [key, value] of rows) {
          hash = crc32c(value, crc32c(key, hash));
          bytes += key.length + value.length;
          if (name !== "key") continue;
          revision = readBE64(key, 0);
          if (value.length === 0) continue; // The mark of a restore that raised the revision has no key.
          const user = KeyValue.decode(value).key;
          if (key.length === tombstoneBytes) keys.delete(user);
          else keys.add(user);
        }
        onRead(bytes);
      }
    }
    const { storageVersion: version = "" } = await readMeta(database);
    return { hash, revision, totalKey: keys.size, totalSize: database.bytes, version };
  } finally {
    await database.close();
  }
}
