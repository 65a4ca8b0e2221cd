import type { Readable } from "../backend/index.js";
import type { Clock } from "../base/index.js";
import { hashHistory, type KvHash } from "./hash.js";
import { KeyIndex } from "./keys/key-index.js";
import { Pins } from "./pins.js";
import { restoreIndex } from "./restore.js";
import { mainOf } from "./revision.js";

/**
 * Hashes the history in a database that no member works on, as the member would after its start, and changes nothing.
 *
 * @param revision the last revision to hash; 0 means all
 * @throws EtcdError `futureRevision` or `compacted`
 */
export async function hashStored(backend: Pick<Readable, "batches">, revision: number, clock: Clock): Promise<KvHash> {
  let compactedRevision = -1;
  for await (const rows of backend.batches("meta")) {
    for (const [key, value] of rows) {
      const name = Buffer.from(key).toString("latin1");
      // A start goes on with a compaction that was ordered and not finished, and hides its revisions at once.
      if (name === "scheduledCompactRev" || name === "finishedCompactRev") {
        compactedRevision = Math.max(compactedRevision, mainOf(value));
      }
    }
  }
  const index = new KeyIndex();
  const newest = (await restoreIndex(backend, index, clock)).revision;
  const state = { backend, clock, index, pins: new Pins(), revision: Math.max(1, newest, compactedRevision) };
  return hashHistory({ ...state, compactedRevision }, revision);
}
