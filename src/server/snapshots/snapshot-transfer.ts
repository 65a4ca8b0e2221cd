import type { ConsistentIndex } from "../../apply/index.js";
import type { Backend } from "../../backend/index.js";
import { type Clock, errorText, type Logger, type MemberId, type Timer } from "../../base/index.js";
import { type Cluster, idText, loadConfState } from "../../cluster/index.js";
import { emptyConfState, type Message, type NodeId } from "../../raft/index.js";
import type { PeerNetwork } from "../consensus/peer-network.js";
import type { ServerCounters } from "../counters.js";
import { DatabaseSnapshots } from "./database-snapshot.js";

/** The most snapshots being sent at once, as many as a transport sends. */
const inFlightMax = 16;
const chunkBytes = 64 * 1024;
/** How long the log is kept for a peer after its snapshot, so that the entries behind the snapshot are still there. */
const keepLogMs = 30_000;

export interface SnapshotTransferConfig {
  readonly backend: Backend;
  readonly consistentIndex: ConsistentIndex;
  readonly cluster: Cluster;
  readonly network: PeerNetwork;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: ServerCounters;
  /** False while this member's own state is being replaced. */
  readonly settled: () => boolean;
  /** Reports to raft that a snapshot was not sent. */
  readonly reportFailure: (id: NodeId) => void;
}

/** Sends snapshots of the current database to peers. The file is generated while it is sent. */
export class SnapshotTransfer {
  readonly #config: SnapshotTransferConfig;
  readonly #databases: DatabaseSnapshots;
  readonly #stopping = new AbortController();
  readonly #timers = new Set<Timer>();
  #inFlight = 0;

  constructor(config: SnapshotTransferConfig) {
    this.#config = config;
    this.#databases = new DatabaseSnapshots(config.backend, config.clock, config.counters, inFlightMax);
  }

  /** Whether a peer is receiving a snapshot, or has received one recently. */
  get holdsLog(): boolean {
    return this.#inFlight > 0 || this.#timers.size > 0;
  }

  /** Sends a snapshot. @param message raft's `MsgSnap`, whose snapshot is replaced by one of the current state */
  send(message: Message): void {
    if (!this.#config.settled()) this.#config.reportFailure(message.to);
    else void this.#send(message);
  }

  /** Takes the outcome of a snapshot from the transport. */
  reported(outcome: "finish" | "failure"): void {
    this.#inFlight--;
    if (outcome === "failure") return;
    const timer = this.#config.clock.after(keepLogMs, () => this.#timers.delete(timer));
    this.#timers.add(timer);
  }

  stop(): void {
    this.#stopping.abort();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  async #send(message: Message): Promise<void> {
    const { backend, cluster, consistentIndex, network, logger, reportFailure } = this.#config;
    const { index, term } = consistentIndex;
    const confState = loadConfState(backend) ?? emptyConfState;
    const snapshot = { metadata: { index, term, confState }, data: cluster.snapshotData() };
    const to = idText(message.to as MemberId);
    this.#inFlight++;
    try {
      // Taken before any other code runs, so that the database matches the index and the members read above.
      const database = await this.#databases.take(this.#stopping.signal);
      logger.info("sending merged snapshot", { to, "snapshot-index": index, bytes: database.bytes });
      network.sendSnapshot({
        message: { ...message, snapshot },
        bodyBytes: database.bytes,
        body: database.chunks(chunkBytes),
        release: () => void database.close(),
      });
    } catch (error) {
      this.#inFlight--;
      if (this.#stopping.signal.aborted) return;
      logger.warn("failed to send a snapshot", { to, error: errorText(error) });
      reportFailure(message.to);
    }
  }
}
