import type { ConsistentIndex } from "../../apply/index.js";
import type { Backend } from "../../backend/index.js";
import { type Clock, errorText, type Logger, type MemberId, type Timer } from "../../base/index.js";
import { type Cluster, idText, loadConfState } from "../../cluster/index.js";
import { emptyConfState, type Message, type NodeId } from "../../raft/index.js";
import type { ServerCounters } from "../counters.js";
import type { PeerNetwork } from "../log/peer-network.js";
import { DatabaseSnapshots } from "./database-snapshot.js";

/** As many as a transport sends at a time. */
const inFlightMax = 16;
const chunkBytes = 64 * 1024;
/** How long the log is kept for a peer that has a snapshot now: else what follows it might be gone by then. */
const keepLogMs = 30_000;

export interface SnapshotTransferConfig {
  readonly backend: Backend;
  readonly consistentIndex: ConsistentIndex;
  readonly cluster: Cluster;
  readonly network: PeerNetwork;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: ServerCounters;
  /** False while the state of this member is being replaced itself. */
  readonly settled: () => boolean;
  /** Tells raft that a snapshot was not sent. */
  readonly reportFailure: (id: NodeId) => void;
}

/** Sends peers the state as it stands, as a file that is made while it is sent. */
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

  /** A peer is getting a snapshot, or got one a moment ago. */
  get holdsLog(): boolean {
    return this.#inFlight > 0 || this.#timers.size > 0;
  }

  /** @param message raft's `MsgSnap`, whose snapshot is replaced by one of this moment */
  send(message: Message): void {
    if (!this.#config.settled()) this.#config.reportFailure(message.to);
    else void this.#send(message);
  }

  /** The transport has said how it went. */
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
      // Cut before anything else runs, so that it is of the same moment.
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
      logger.warn("did not send a snapshot", { to, error: errorText(error) });
      reportFailure(message.to);
    }
  }
}
