import { systemClock } from "../../base/index.js";
import { hashStored, type KvHash } from "../../mvcc/index.js";
import { openStoredDatabase } from "./stored-database.js";

/**
 * The hash of the history of keys in a snapshot, or in the database of a data directory of ours, as a running member
 * answers to HashKV. Changes nothing: etcd's own command writes to the file, whose digest is wrong from then on.
 *
 * @throws EtcdError `futureRevision` or `compacted`, and errors of `openStoredDatabase`
 */
export async function hashDatabase(path: string, revision: number): Promise<KvHash> {
  const database = await openStoredDatabase(path);
  try {
    return await hashStored(database, revision, systemClock);
  } finally {
    await database.close();
  }
}
