import type { ConsistentIndex } from "../../apply/index.js";
import type { Backend } from "../../backend/index.js";
import { type Clock, errorText, type Logger, type MemberId } from "../../base/index.js";
import { type Cluster, idText, loadConfState } from "../../cluster/index.js";
import { emptyConfState, type Message } from "../../raft/index.js";
import type { ConsensusCore } from "../consensus/contract.js";
import type { ServerCounters } from "../counters.js";
import { DatabaseSnapshots } from "./database-snapshot.js";

/** The most snapshots being sent at once, as many as a transport sends. */
const inFlightMax = 16;
const chunkBytes = 64 * 1024;

export interface SnapshotTransferConfig {
  readonly backend: Backend;
  readonly consistentIndex: ConsistentIndex;
  readonly cluster: Cluster;
  readonly core: Pick<ConsensusCore, "sendSnapshot" | "snapshotUnsent">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: ServerCounters;
  /** False while this member's own state is being replaced. */
  readonly settled: () => boolean;
}

/** Sends snapshots of the current database to peers. The file is generated while it is sent. */
export class SnapshotTransfer {
  readonly #config: SnapshotTransferConfig;
  readonly #databases: DatabaseSnapshots;
  readonly #stopping = new AbortController();

  constructor(config: SnapshotTransferConfig) {
    this.#config = config;
    this.#databases = new DatabaseSnapshots(config.backend, config.clock, config.counters, inFlightMax);
  }

  /** Sends a snapshot. @param message raft's `MsgSnap`, whose snapshot is replaced by one of the current state */
  send(message: Message): void {
    if (!this.#config.settled()) this.#config.core.snapshotUnsent(message.to);
    else void this.#send(message);
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #send(message: Message): Promise<void> {
    const { backend, cluster, consistentIndex, core, logger } = this.#config;
    const { index, term } = consistentIndex;
    const confState = loadConfState(backend) ?? emptyConfState;
    const snapshot = { metadata: { index, term, confState }, data: cluster.snapshotData() };
    const to = idText(message.to as MemberId);
    try {
      // Taken before any other code runs, so that the database matches the index and the members read above.
      const database = this.#databases.take(this.#stopping.signal);
      logger.info("sending merged snapshot", { to, "snapshot-index": index, bytes: database.bytes });
      core.sendSnapshot({
        message: { ...message, snapshot },
        bodyBytes: database.bytes,
        body: database.chunks(chunkBytes),
        release: () => void database.close(),
      });
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      logger.warn("failed to send a snapshot", { to, error: errorText(error) });
      core.snapshotUnsent(message.to);
    }
  }
}
