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
  /** Called when the list of members has been replaced. */
  readonly onMembers: () => void;
}

/**
 * Replaces this member's state by a received one. The new state is loaded while the old one goes on serving, and then
 * replaces it in one turn of the event loop. Reads of the old state go on to their end.
 */
export class SnapshotInstall {
  readonly #config: SnapshotInstallConfig;
  readonly #stopping = new AbortController();

  constructor(config: SnapshotInstallConfig) {
    this.#config = config;
  }

  /** Ends an installation that is under way. It is repeated at the next start. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Installs a snapshot. The raft log contains it already, so that a start after a crash repeats the installation. */
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
    // Completes the waiting commits of the old database. Nothing is applied meanwhile, so no further change can follow.
    await backend.commit();

    const { revision } = member.store;
    const old = backend.current;
    backend.switchTo(loaded);
    const removeOld = databases.switchTo(index);
    consistentIndex.restore(backend);
    // In the same turn of the event loop as the keys, so that nobody reads new keys with old permissions.
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
        logger.warn("failed to remove the old database after a snapshot", { error: String(error) });
      });
    await member.received.removeThrough(index);
    logger.info("applied snapshot", fields);
  }
}
