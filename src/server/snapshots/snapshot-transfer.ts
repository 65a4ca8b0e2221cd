import { rm } from "node:fs/promises";
import type { ConsistentIndex } from "../../apply/index.js";
import type { Backend } from "../../backend/index.js";
import { type Clock, EtcdError, errorText, type Logger, type MemberId } from "../../base/index.js";
import { type Cluster, idText, loadConfState } from "../../cluster/index.js";
import { checkpointFile } from "../../mvcc/index.js";
import { emptyConfState, type Message, type Snapshot } from "../../raft/index.js";
import type { OutgoingSnapshot, PeerTakes } from "../../transport/index.js";
import type { ConsensusCore } from "../consensus/contract.js";
import type { ServerCounters } from "../counters.js";
import { DatabaseSnapshots } from "./database-snapshot.js";
import type { Databases } from "./databases.js";
import { TableArchive } from "./table-archive.js";

/** The most snapshots being sent at once in each form, as many as a transport sends. */
const inFlightMax = 16;
const chunkBytes = 64 * 1024;

export interface SnapshotTransferConfig {
  readonly backend: Backend;
  readonly databases: Pick<Databases, "copy">;
  readonly consistentIndex: ConsistentIndex;
  readonly cluster: Cluster;
  readonly core: Pick<ConsensusCore, "sendSnapshot" | "snapshotUnsent">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: ServerCounters;
  /** False while this member's own state is being replaced. */
  readonly settled: () => boolean;
}

/**
 * Sends snapshots of the current database to peers: to members of this program its tables, which are copied by links
 * and sent as they are, and to others a file in etcd's format, which is generated while it is sent.
 */
export class SnapshotTransfer {
  readonly #config: SnapshotTransferConfig;
  readonly #files: DatabaseSnapshots;
  readonly #stopping = new AbortController();
  #copies = 0;

  constructor(config: SnapshotTransferConfig) {
    this.#config = config;
    this.#files = new DatabaseSnapshots(config.backend, config.clock, config.counters, inFlightMax);
  }

  /**
   * Sends a snapshot.
   *
   * @param message raft's `MsgSnap`, whose snapshot is replaced by one of the current state
   * @param takes the form in which the peer takes it at best
   */
  send(message: Message, takes: PeerTakes): void {
    if (!this.#config.settled()) this.#config.core.snapshotUnsent(message.to);
    else void this.#send(message, takes);
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #send(message: Message, takes: PeerTakes): Promise<void> {
    const { core, logger } = this.#config;
    const to = idText(message.to as MemberId);
    try {
      const copied = takes === "file" ? undefined : await this.#tables(message, takes === "indexed tables");
      // The state may be about to be replaced by now: its parts would not belong together.
      if (copied === undefined && !this.#config.settled()) throw unsettled();
      const snapshot = copied ?? this.#file(message);
      const { form, bodyBytes: bytes } = snapshot;
      const index = snapshot.message.snapshot?.metadata.index;
      logger.info("sending merged snapshot", { to, "snapshot-index": index, bytes, form });
      core.sendSnapshot(snapshot);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      logger.warn("failed to send a snapshot", { to, error: errorText(error) });
      core.snapshotUnsent(message.to);
    }
  }

  /** The database as a file. Its view is taken before any other code runs, so that it matches raft's snapshot. */
  #file(message: Message): OutgoingSnapshot {
    const { logger } = this.#config;
    const snapshot = this.#snapshot();
    const database = this.#files.take(this.#stopping.signal);
    const release = (): void => {
      database.close().catch((error: unknown) => {
        logger.warn("failed to close the view of a sent database", { error: errorText(error) });
      });
    };
    return {
      message: { ...message, snapshot },
      form: "file",
      bodyBytes: database.bytes,
      body: (from) => database.chunks(chunkBytes, from),
      release,
    };
  }

  /**
   * The database as tables; undefined when it cannot be copied.
   *
   * @param indexed sends the checkpoint of the index along, so that the peer need not read all rows
   */
  async #tables(message: Message, indexed: boolean): Promise<OutgoingSnapshot | undefined> {
    const { backend, databases, clock, counters, logger } = this.#config;
    if (this.#copies === inFlightMax) throw new EtcdError("tooManyRequests");
    const startedAt = clock.now();
    this.#copies++;
    let dir: string | undefined;
    const release = (): void => {
      this.#copies--;
      counters.databaseSentSeconds.observe((clock.now() - startedAt) / 1000);
      if (dir === undefined) return;
      rm(dir, { recursive: true, force: true }).catch((error: unknown) => {
        logger.warn("failed to remove the copy of a database", { dir, error: errorText(error) });
      });
    };
    const taken: { snapshot?: Snapshot } = {};
    try {
      dir = await databases.copy(backend, () => {
        if (this.#config.settled()) taken.snapshot = this.#snapshot();
        const checkpoint = indexed ? checkpointFile(backend) : undefined;
        return checkpoint === undefined ? [] : [checkpoint];
      });
      if (dir === undefined) {
        this.#copies--;
        return undefined;
      }
      const { snapshot } = taken;
      if (snapshot === undefined) throw unsettled();
      const archive = await TableArchive.of(dir);
      return {
        message: { ...message, snapshot },
        form: "tables",
        bodyBytes: archive.bytes,
        body: (from) => archive.body(from),
        release,
      };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Raft's snapshot of the current state. */
  #snapshot(): Snapshot {
    const { backend, cluster, consistentIndex } = this.#config;
    const { index, term } = consistentIndex;
    const confState = loadConfState(backend) ?? emptyConfState;
    return { metadata: { index, term, confState }, data: cluster.snapshotData() };
  }
}

function unsettled(): Error {
  return new Error("this member's own state is being replaced by a snapshot");
}
