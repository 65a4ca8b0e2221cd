import {
  assert,
  type Clock,
  isAtLeast,
  type Logger,
  type MemberId,
  type Random,
  type RequestId,
} from "../../base/index.js";
import {
  type ConfChangeV1,
  type ConfState,
  type NodeId,
  noNode,
  type SnapshotMetadata,
  type SoftState,
  type Status,
  sameConfState,
} from "../../raft/index.js";
import type { OutgoingSnapshot } from "../../transport/index.js";
import type { OpenedWal } from "../../wal/index.js";
import type { ServerConfig } from "../config.js";
import type { ReceivedSnapshots } from "../snapshots/received-snapshots.js";
import type { ConsensusClient, ConsensusCore, ConsensusNumbers, OpenedConsensus, PeerAddress } from "./contract.js";
import { FirstElection } from "./first-election.js";
import type { LogCounters } from "./log-counters.js";
import { type OpenedRaft, openRaft, type RaftOrigin } from "./opened-raft.js";
import type { PeerAccess } from "./peer-network.js";
import { PeerTraffic } from "./peer-traffic.js";
import { sayLeader } from "./raft-logger.js";
import { RaftNode } from "./raft-node.js";
import { SnapshotHold } from "./snapshot-hold.js";
import { SnapshotTrigger } from "./snapshot-trigger.js";

export interface LocalCoreConfig {
  readonly settings: ServerConfig;
  readonly origin: RaftOrigin;
  readonly log: OpenedWal;
  readonly received: Pick<ReceivedSnapshots, "store" | "parts">;
  /** Connects the member with its peers; undefined for a member that has none. */
  readonly connect: PeerAccess["connect"] | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly counters: LogCounters;
}

/** Opens consensus on the event loop of its caller. */
export function openLocally(config: LocalCoreConfig): OpenedConsensus {
  const { log, origin } = config;
  const raft = openRaft(origin, log, config);
  return {
    commit: raft.node.basicStatus().commit,
    confState: raft.node.status().config,
    connect: (client) => new LocalCore(config, raft, client),
    close: () => log.wal.close(),
  };
}

/** Consensus on the event loop of its caller: joins the parts of this wing. */
class LocalCore implements ConsensusCore {
  readonly #config: LocalCoreConfig;
  readonly #raft: OpenedRaft;
  readonly #client: ConsensusClient;
  readonly #traffic: PeerTraffic;
  readonly #raftNode: RaftNode;
  readonly #snapshots: SnapshotTrigger;
  readonly #hold: SnapshotHold;
  readonly #firstElection: FirstElection;
  #lead: NodeId = noNode;
  /** The commit index that the client has been told of. */
  #committed: number;
  #applied: number;
  /** Called when the entries that the log contained at the start have been applied. */
  #caughtUp: { readonly index: number; readonly resolve: () => void } | undefined;

  constructor(config: LocalCoreConfig, raft: OpenedRaft, client: ConsensusClient) {
    const { settings, origin, clock, logger } = config;
    this.#config = config;
    this.#raft = raft;
    this.#client = client;
    this.#applied = origin.applied;
    this.#committed = raft.node.basicStatus().commit;
    this.#hold = new SnapshotHold(clock);
    this.#traffic = this.#makeTraffic();
    this.#raftNode = this.#makeRaftNode();
    this.#snapshots = this.#makeSnapshotTrigger();
    this.#firstElection = new FirstElection({
      ...{ settings, clock, logger, memberId: origin.ids.memberId, raftNode: this.#raftNode },
      whenApplied: (index) => this.#whenApplied(index),
      hasLeader: () => this.#lead !== noNode,
      activePeers: () => this.#traffic.network.activePeers(),
    });
  }

  start(members: readonly PeerAddress[], removed: readonly MemberId[]): void {
    this.#raftNode.start();
    this.#traffic.meet(members, removed);
    for (const { id, peerUrls } of this.#config.origin.remotes) this.#traffic.network.addRemote(id, peerUrls);
    this.#firstElection.start(this.#committed);
  }

  propose(id: RequestId, data: Uint8Array): void {
    this.#raftNode.propose(id, data);
  }

  proposeInTerm(id: RequestId, term: number, data: Uint8Array): void {
    this.#raftNode.proposeInTerm(id, term, data);
  }

  proposeConfChange(change: ConfChangeV1): void {
    this.#raftNode.proposeConfChange(change);
  }

  withdraw(id: RequestId): void {
    this.#raftNode.withdraw(id);
  }

  askSoon(): void {
    this.#raftNode.wake();
  }

  readIndex(context: Uint8Array): void {
    this.#raftNode.readIndex(context);
  }

  transferLeadership(to: NodeId): void {
    this.#raftNode.transferLeadership(to);
  }

  applied(index: number): void {
    this.#applied = index;
    if (this.#caughtUp !== undefined && index >= this.#caughtUp.index) {
      this.#caughtUp.resolve();
      this.#caughtUp = undefined;
    }
    this.#raftNode.applied(index);
    this.#snapshots.applied(index);
  }

  applyConfChange(change: ConfChangeV1, state: ConfState): void {
    const own = this.#raftNode.applyConfChange(change);
    assert(sameConfState(own, state), "raft and the owner of the keys come to the same configuration");
  }

  membersAre(members: readonly PeerAddress[], removed: readonly MemberId[]): void {
    this.#traffic.meet(members, removed);
  }

  recordSnapshot(covered: SnapshotMetadata): void {
    this.#snapshots.record(covered);
  }

  cutLog(dropThrough: number): void {
    this.#snapshots.cut(dropThrough);
  }

  sendSnapshot(snapshot: OutgoingSnapshot): void {
    this.#traffic.network.sendSnapshot(snapshot);
  }

  snapshotUnsent(to: NodeId): void {
    this.#reportSnapshot(to, "failure");
  }

  commitIndex(): number {
    return this.#committed;
  }

  status(): Status {
    return this.#raftNode.status();
  }

  activeSince(id: MemberId): number | undefined {
    return this.#traffic.network.activeSince(id);
  }

  get numbers(): ConsensusNumbers {
    const { network } = this.#traffic;
    return { walBytes: this.#config.log.wal.bytesWritten, peers: network.counters ?? new Map() };
  }

  countNow(): void {
    // Everything is counted on this event loop.
  }

  settled(): Promise<void> {
    return this.#snapshots.settled();
  }

  async stop(): Promise<void> {
    this.#firstElection.stop();
    this.#hold.stop();
    await this.#raftNode.stop();
    await this.#traffic.network.stop();
  }

  close(): Promise<void> {
    return this.#config.log.wal.close();
  }

  #whenApplied(index: number): Promise<void> {
    if (index <= this.#applied) return Promise.resolve();
    return new Promise((resolve) => {
      this.#caughtUp = { index, resolve };
    });
  }

  #leaderNews(state: SoftState, term: number): void {
    const { logger, origin } = this.#config;
    sayLeader(logger, origin.ids.memberId, this.#lead, state.lead, term);
    this.#lead = state.lead;
    this.#client.leaderNews(state, term);
  }

  #reportSnapshot(to: NodeId, outcome: "finish" | "failure"): void {
    this.#raftNode.reportSnapshot(to, outcome);
    this.#hold.end(outcome);
  }

  #makeTraffic(): PeerTraffic {
    const { connect, origin, received, clock, logger } = this.#config;
    return new PeerTraffic({
      ...{ connect, ids: origin.ids, received, clock, logger },
      raftNode: () => this.#raftNode,
      onRemoved: () => this.#client.removed(),
      reportSnapshot: (id, outcome) => this.#reportSnapshot(id, outcome),
    });
  }

  #makeRaftNode(): RaftNode {
    const { settings, log, clock, logger, counters } = this.#config;
    const client = this.#client;
    const traffic = this.#traffic;
    return new RaftNode({
      ...{ ...this.#raft, wal: log.wal, clock, logger, counters, tickMs: settings.tickMs, network: traffic.network },
      handler: {
        beforeReady: () => client.beforeReady(),
        commitMoved: (index) => {
          this.#committed = Math.max(this.#committed, index);
          client.commitMoved(index);
        },
        leaderNews: (state, term) => this.#leaderNews(state, term),
        readStates: (states) => client.readStates(states),
        committed: (entries) => client.committed(entries),
        restored: (snapshot) => {
          this.#snapshots.restored(snapshot.metadata.index);
          client.restored(snapshot);
        },
        refused: (id, reason) => client.refused(id, reason),
        tick: () => {
          this.#snapshots.tick();
          client.tick();
        },
        isRemoved: (id) => traffic.isIdRemoved(id as MemberId),
        failed: (error) => client.failed(error),
        sendSnapshot: (message) => {
          this.#hold.begin();
          client.sendSnapshot(message, traffic.network.takes?.(message.to as MemberId) ?? "file");
        },
      },
    });
  }

  #makeSnapshotTrigger(): SnapshotTrigger {
    const { settings, log, clock, logger, counters } = this.#config;
    const { storage } = this.#raft;
    const { snapshotCount, snapshotCatchUpEntries: catchUpEntries, maxSnapshots } = settings;
    return new SnapshotTrigger(
      {
        ...{ wal: log.wal, storage, clock, logger, counters, snapshotCount, catchUpEntries, maxSnapshots },
        commitDatabase: () => this.#client.commitDatabase(),
        saveSnapshot: (snapshot) => this.#raftNode.saveSnapshot(snapshot),
        logIsHeld: () => this.#hold.holdsLog,
        logIsOnDisk: log.wal.readsBack,
        trimsMemory: isAtLeast(settings.apiLevel, "3.6") && !log.wal.readsBack,
        confState: () => this.#raft.node.status().config,
        onRecorded: (index) => this.#client.snapshotRecorded(index),
        onFailure: (error) => this.#client.failed(error),
      },
      storage.snapshot().metadata.index,
    );
  }
}
