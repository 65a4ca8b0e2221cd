import { readAuthRecords } from "../../auth/index.js";
import type { Logger } from "../../base/index.js";
import type { WatchableStore } from "../../mvcc/index.js";
import type { Snapshot } from "../../raft/index.js";
import type { ServerCounters } from "../counters.js";
import type { MemberState } from "../member-state.js";

export interface SnapshotInstallConfig {
  readonly member: MemberState;
  readonly watchable: WatchableStore;
  readonly logger: Logger;
  readonly counters: ServerCounters;
  /** The members are others now. */
  readonly onMembers: () => void;
}

/**
 * Puts a received state in place of this member's own. It is read in beside the old one, which goes on serving, and
 * takes its place from one moment to the next; who reads the old one then reads it to the end.
 */
export class SnapshotInstall {
  readonly #config: SnapshotInstallConfig;
  readonly #stopping = new AbortController();

  constructor(config: SnapshotInstallConfig) {
    this.#config = config;
  }

  /** The member stops: what is under way ends, and is done again at the next start. */
  stop(): void {
    this.#stopping.abort();
  }

  /** The raft log is the snapshot's by now, so a start after a crash ends what is begun here. */
  async run(snapshot: Snapshot): Promise<void> {
    const { counters } = this.#config;
    counters.snapshotsInstalling++;
    try {
      await this.#run(snapshot);
    } finally {
      counters.snapshotsInstalling--;
    }
  }

  async #run(snapshot: Snapshot): Promise<void> {
    const { member, watchable, logger, onMembers } = this.#config;
    const { backend, databases, consistentIndex, cluster, alarms, auth } = member;
    const { index, term } = snapshot.metadata;
    const fields = {
      "current-applied-index": consistentIndex.index,
      "incoming-leader-snapshot-index": index,
      "incoming-leader-snapshot-term": term,
    };
    logger.info("applying snapshot", fields);
    const loaded = await databases.load(snapshot, this.#stopping.signal);
    const stores = await member.openStores(loaded);
    const authRecords = await readAuthRecords(loaded);
    // Answers every caller that waits for the last changes. Nothing is applied meanwhile, so no further change can
    // follow.
    await backend.commit();

    const { revision } = member.store;
    const old = backend.current;
    backend.switchTo(loaded);
    const removeOld = databases.switchTo(index);
    consistentIndex.restore(backend);
    // In the same turn as the keys: nobody may read new ones with old permissions.
    auth.restore(authRecords);
    member.lessor.replaceWith(stores.lessor);
    const unread = member.store.replaceWith(stores.store);
    watchable.restored(revision);

    await alarms.restore();
    await cluster.restoreSnapshot(snapshot.data);
    onMembers();
    void unread
      .then(() => old.retire())
      .then(removeOld)
      .catch((error: unknown) => {
        logger.warn("the database before a snapshot was not removed", { error: String(error) });
      });
    await member.received.removeThrough(index);
    logger.info("applied snapshot", fields);
  }
}
