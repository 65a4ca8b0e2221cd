import type { Applier, ApplyResult } from "../../apply/index.js";
import {
  asError,
  type Clock,
  type ErrorKind,
  EtcdError,
  type Logger,
  type MemberId,
  type RequestId,
} from "../../base/index.js";
import { loadConfState } from "../../cluster/index.js";
import type { WatchableStore } from "../../mvcc/index.js";
import {
  type ConfChangeV1,
  type Entry,
  emptyConfState,
  type Message,
  type NodeId,
  type ReadState,
  type Snapshot,
  type SoftState,
  type Status,
} from "../../raft/index.js";
import type { Access } from "../calls/access.js";
import type { Call } from "../calls/call.js";
import { RequestIds } from "../calls/request-ids.js";
import type { SlowRequests } from "../calls/slow-requests.js";
import { electionTimeoutMs, requestTimeoutMs, type ServerConfig } from "../config.js";
import { FirstElection } from "../consensus/first-election.js";
import type { PeerAccess } from "../consensus/peer-network.js";
import { PeerTraffic } from "../consensus/peer-traffic.js";
import { sayLeader } from "../consensus/raft-logger.js";
import { type RaftHandler, RaftNode } from "../consensus/raft-node.js";
import { SnapshotTrigger } from "../consensus/snapshot-trigger.js";
import type { ServerCounters } from "../counters.js";
import type { MemberState } from "../member-state.js";
import { SnapshotInstall } from "../snapshots/snapshot-install.js";
import { SnapshotTransfer } from "../snapshots/snapshot-transfer.js";
import { ApplyLoop } from "./apply-loop.js";
import { Leadership } from "./leadership.js";
import { LogPosition } from "./log-position.js";
import { Proposals } from "./proposals.js";
import { Proposer } from "./proposer.js";
import { ReadIndex } from "./read-index.js";

export interface ConsensusConfig {
  readonly settings: ServerConfig;
  readonly member: MemberState;
  readonly applier: Applier;
  readonly access: Access;
  readonly watchable: WatchableStore;
  readonly peers: PeerAccess | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: ServerCounters;
  readonly slow: SlowRequests;
  /** Called when the leader or the state of this member has changed. */
  readonly onLeadership: () => void;
  /** Called when the first entry of `term`, and so everything of earlier terms, has been applied. */
  readonly onFirstOfTerm: (term: number) => void;
  /** Raises the NOSPACE alarm of this member. */
  readonly raiseNoSpace: () => Promise<void>;
  /** Called when this member has been removed from the cluster, by a log entry or as reported by a peer. */
  readonly onRemoved: () => void;
  /** Called when the member must stop. */
  readonly onFailure: (error: Error) => void;
}

/**
 * The replication of requests: the raft node loop, the apply loop, the traffic with other members, and the waiting
 * proposals and reads.
 */
export class Consensus implements RaftHandler {
  readonly position: LogPosition;
  readonly leadership: Leadership;
  readonly proposals: Proposals<ApplyResult>;
  readonly proposer: Proposer;
  readonly readIndex: ReadIndex;
  readonly traffic: PeerTraffic;
  readonly nextId: () => RequestId;
  readonly #config: ConsensusConfig;
  readonly #confChanges: Proposals<EtcdError | undefined>;
  readonly #raftNode: RaftNode;
  readonly #applyLoop: ApplyLoop;
  readonly #snapshots: SnapshotTrigger;
  readonly #transfer: SnapshotTransfer;
  readonly #install: SnapshotInstall;
  readonly #firstElection: FirstElection;
  /** The number of gaps in this member's awake time when it last proved its leadership. */
  #provenGaps = 0;

  constructor(config: ConsensusConfig) {
    const { settings, member, clock, logger, counters } = config;
    const { memberId } = member.ids;
    const { index, term } = member.consistentIndex;
    const ids = new RequestIds(memberId, clock);
    const timeoutMs = requestTimeoutMs(settings);
    const timeoutKind = (askedAt: number): ErrorKind => this.#timeoutKind(askedAt);
    this.#config = config;
    this.nextId = () => ids.next();
    this.position = new LogPosition(index, term);
    this.leadership = new Leadership(memberId, clock);
    this.proposals = new Proposals({ clock, counters, timeoutMs, timeoutKind });
    this.#confChanges = new Proposals({ clock, counters, timeoutMs, timeoutKind });
    this.traffic = this.#makeTraffic();
    this.#raftNode = this.#makeRaftNode();
    this.proposer = new Proposer({
      position: this.position,
      proposals: this.proposals,
      nextId: this.nextId,
      maxRequestBytes: settings.maxRequestBytes,
      identify: (call) => config.access.identify(call),
      submit: (data, wanted) => this.#raftNode.propose(data, wanted),
      submitInTerm: (term, data) => this.#raftNode.proposeInTerm(term, data),
    });
    this.readIndex = new ReadIndex({
      ...{ clock, logger, counters, timeoutMs, position: this.position, nextId: this.nextId },
      wake: () => this.#raftNode.wake(),
      send: (context) => this.#raftNode.readIndex(context),
    });
    this.#transfer = this.#makeTransfer();
    this.#snapshots = this.#makeSnapshotTrigger();
    this.#install = new SnapshotInstall({
      ...{ member, watchable: config.watchable, logger, counters },
      onMembers: () => this.traffic.meet(),
    });
    this.#applyLoop = this.#makeApplyLoop();
    this.#firstElection = new FirstElection({
      ...{ settings, memberId, clock, logger, position: this.position, leadership: this.leadership },
      raftNode: this.#raftNode,
      activePeers: () => this.traffic.network.activePeers(),
    });
  }

  start(): void {
    this.#raftNode.start();
    this.traffic.meet();
    for (const { id, peerUrls } of this.#config.member.remotes) this.traffic.network.addRemote(id, peerUrls);
    const { commit } = this.#config.member.node.basicStatus();
    this.position.commitTo(commit);
    this.#firstElection.start(commit);
  }

  /**
   * Whether this member still leads. While ticks arrive, raft's own quorum check ensures that. After a gap in the ticks
   * a quorum is asked once.
   */
  async ensureLeadership(): Promise<boolean> {
    const { gaps } = this.#config.member.awakeTime;
    if (gaps === this.#provenGaps) return this.leadership.leading;
    const { termLed } = this.leadership;
    if (termLed === undefined || !(await this.proveLeadership(termLed))) return false;
    this.#provenGaps = gaps;
    return true;
  }

  /** Whether a quorum confirms now that this member leads in `term`. */
  async proveLeadership(term: number): Promise<boolean> {
    try {
      await this.readIndex.wait();
    } catch {
      // Whatever the error is, the leadership was not confirmed.
      return false;
    }
    return this.leadership.termLed === term;
  }

  /** The status of the raft node. */
  status(): Status {
    return this.#raftNode.status();
  }

  /**
   * Proposes a conf change and waits until it has been applied.
   *
   * @throws EtcdError the refusal, or the reason why the wait ended early; the change may still be applied then
   */
  async configure(change: Pick<ConfChangeV1, "type" | "nodeId" | "context">, call?: Call): Promise<void> {
    const id = this.nextId();
    const waiting = this.#confChanges.wait(id, call);
    try {
      this.#raftNode.proposeConfChange({ ...change, version: 1, id }, () => this.#confChanges.isWaiting(id));
    } catch (error) {
      this.#confChanges.fail(id, asError(error));
    }
    const refusal = await waiting;
    if (refusal !== undefined) throw refusal;
  }

  /** Asks raft to transfer the leadership. `leadership` shows whether it succeeds. */
  transferLeadership(to: NodeId): void {
    this.#raftNode.transferLeadership(to);
  }

  /** Refuses new requests, and resolves when all waiting ones have been answered. */
  async drain(): Promise<void> {
    const stopped = new EtcdError("stopped");
    for (const waiting of [this.proposals, this.#confChanges, this.readIndex]) waiting.refuse(stopped);
    const waiters = [this.proposals, this.#confChanges, this.readIndex];
    await Promise.all([...waiters.map((waiting) => waiting.whenIdle()), this.#snapshots.settled()]);
    await this.#applyLoop.whenDrained();
  }

  /** Refuses the waiting requests and stops. The log then contains raft's last state. */
  async stop(): Promise<void> {
    this.halt();
    await this.#raftNode.stop();
    await this.traffic.network.stop();
    await this.#applyLoop.whenSettled();
  }

  /** Stops applying and acknowledging at once. */
  halt(): void {
    const stopped = new EtcdError("stopped");
    this.#firstElection.stop();
    this.#transfer.stop();
    this.#applyLoop.stop();
    this.#install.stop();
    for (const waiting of [this.proposals, this.#confChanges, this.readIndex]) waiting.close(stopped);
  }

  beforeReady(): void {
    this.readIndex.ask();
  }

  commitMoved(index: number): void {
    this.position.commitTo(index);
  }

  leaderNews(state: SoftState, term: number): void {
    const { member, logger } = this.#config;
    sayLeader(logger, member.ids.memberId, this.leadership.lead, state.lead, term);
    const fresh = this.leadership.update(state, term);
    if (fresh) this.readIndex.leaderChanged();
    if (!this.leadership.leading) this.proposer.leadershipLost();
    this.#config.onLeadership();
  }

  readStates(states: readonly ReadState[]): void {
    for (const state of states) this.readIndex.answer(state);
  }

  restored(snapshot: Snapshot): void {
    this.#applyLoop.pushSnapshot(snapshot);
  }

  committed(entries: readonly Entry[]): void {
    this.#applyLoop.push(entries);
  }

  sendSnapshot(message: Message): void {
    this.#transfer.send(message);
  }

  isRemoved(id: NodeId): boolean {
    return this.#config.member.cluster.isRemoved(id as MemberId);
  }

  tick(): void {
    this.#config.member.awakeTime.tick();
    this.proposals.sweep();
    this.#confChanges.sweep();
    this.readIndex.sweep();
  }

  failed(error: Error): void {
    this.#config.onFailure(error);
  }

  /** The error for a proposal of that time that was not answered: lost with a former leader, or timed out. */
  #timeoutKind(askedAt: number): ErrorKind {
    const { leadership, traffic } = this;
    if (leadership.mayHaveBeenLost(askedAt, electionTimeoutMs(this.#config.settings))) return "timeoutLeaderFailure";
    if (!leadership.hasLeader) return "timeout";
    const connected = leadership.leading
      ? traffic.quorumConnectedSince(askedAt)
      : traffic.connectedSince(leadership.lead, askedAt);
    return connected ? "timeout" : "timeoutConnectionLost";
  }

  #makeTraffic(): PeerTraffic {
    const { member, peers, clock, logger, onRemoved } = this.#config;
    return new PeerTraffic({
      access: peers,
      cluster: member.cluster,
      received: member.received,
      clock,
      logger,
      raftNode: () => this.#raftNode,
      onRemoved,
      onSnapshotReport: (_, outcome) => this.#transfer.reported(outcome),
    });
  }

  #makeRaftNode(): RaftNode {
    const { settings, member, clock, logger, counters } = this.#config;
    const { node, storage, wal } = member;
    return new RaftNode({
      ...{ node, storage, wal, clock, logger, counters, tickMs: settings.tickMs, handler: this },
      network: this.traffic.network,
    });
  }

  #makeTransfer(): SnapshotTransfer {
    const { member, clock, logger, counters } = this.#config;
    const { backend, consistentIndex, cluster } = member;
    return new SnapshotTransfer({
      ...{ backend, consistentIndex, cluster, clock, logger, counters },
      network: this.traffic.network,
      settled: () => !this.#applyLoop.installing,
      reportFailure: (id) => this.#raftNode.reportSnapshot(id, "failure"),
    });
  }

  #makeSnapshotTrigger(): SnapshotTrigger {
    const { settings, member, clock, logger, counters, onFailure } = this.#config;
    const { backend, wal, storage } = member;
    const { snapshotCount, snapshotCatchUpEntries: catchUpEntries, maxSnapshots } = settings;
    return new SnapshotTrigger(
      {
        ...{ backend, wal, storage, clock, logger, counters, snapshotCount, catchUpEntries, maxSnapshots },
        saveSnapshot: (snapshot) => this.#raftNode.saveSnapshot(snapshot),
        logIsHeld: () => this.#transfer.holdsLog,
        onFailure,
      },
      storage.snapshot().metadata.index,
    );
  }

  #makeApplyLoop(): ApplyLoop {
    const { settings, member, applier, clock, logger, counters, slow } = this.#config;
    const { onFirstOfTerm, onRemoved, raiseNoSpace, onFailure } = this.#config;
    const { position, proposals, traffic } = this;
    const { skippedEntries } = settings;
    if (skippedEntries.size > 0) {
      const indexes = [...skippedEntries];
      logger.warn("log entries will be skipped; all members must skip the same entries", { indexes });
    }
    return new ApplyLoop({
      ...{ applier, position, proposals, clock, logger, counters, slow, raiseNoSpace, onFailure },
      backend: member.backend,
      skippedEntries,
      confChanges: this.#confChanges,
      confState: loadConfState(member.backend) ?? emptyConfState,
      reconfigure: (change) => this.#raftNode.applyConfChange(change),
      onMembership(change) {
        traffic.membershipChanged(change);
        if (change.type === "ConfChangeRemoveNode" && change.nodeId === member.ids.memberId) onRemoved();
      },
      install: (snapshot) => this.#install.run(snapshot),
      onFirstOfTerm: (term) => {
        this.readIndex.firstCommitInTerm();
        onFirstOfTerm(term);
      },
      onApplied: (confState) => {
        this.#raftNode.applied(position.applied);
        this.#snapshots.applied(position.applied, position.term, confState);
      },
    });
  }
}
