import type { Applier, ApplyResult } from "../../apply/index.js";
import { asError, type Clock, type ErrorKind, EtcdError, type Logger, type RequestId } from "../../base/index.js";
import { compareVersions, isAtLeastVersion } from "../../cluster/index.js";
import type { WatchableStore } from "../../mvcc/index.js";
import {
  type ConfChangeV1,
  confStateAfter,
  type Entry,
  type Message,
  type NodeId,
  type ReadState,
  type Snapshot,
  type SoftState,
  type Status,
} from "../../raft/index.js";
import type { PeerTakes } from "../../transport/index.js";
import type { Access } from "../calls/access.js";
import type { Call } from "../calls/call.js";
import { RequestIds } from "../calls/request-ids.js";
import type { SlowRequests } from "../calls/slow-requests.js";
import { electionTimeoutMs, requestTimeoutMs, type ServerConfig } from "../config.js";
import type { Asked, ConsensusClient, ConsensusCore, ConsensusNumbers } from "../consensus/contract.js";
import type { ServerCounters } from "../counters.js";
import type { MemberState } from "../member-state.js";
import { SnapshotInstall } from "../snapshots/snapshot-install.js";
import { SnapshotTransfer } from "../snapshots/snapshot-transfer.js";
import { ApplyLoop } from "./apply-loop.js";
import { Connections } from "./connections.js";
import { Leadership } from "./leadership.js";
import { LogPosition } from "./log-position.js";
import { Proposals } from "./proposals.js";
import { Proposer } from "./proposer.js";
import { ReadIndex } from "./read-index.js";
import { SoleMember } from "./sole-member.js";

/** From this cluster version on, no member of ours puts requests of the v2 store into the log. */
const firstWithoutV2Requests = "3.5.0";

export interface ConsensusConfig {
  readonly settings: ServerConfig;
  readonly member: MemberState;
  readonly applier: Applier;
  readonly access: Access;
  readonly watchable: WatchableStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: ServerCounters;
  readonly slow: SlowRequests;
  /** Called when the leader or the state of this member has changed. */
  readonly onLeadership: () => void;
  /** Called when the first entry of `term`, and so everything of earlier terms, has been applied. */
  readonly onFirstOfTerm: (term: number) => void;
  /** Called when a snapshot has been recorded in the log. */
  readonly onSnapshotRecorded: () => void;
  /** Raises the NOSPACE alarm of this member. */
  readonly raiseNoSpace: () => Promise<void>;
  /** Called when this member has been removed from the cluster, by a log entry or as reported by a peer. */
  readonly onRemoved: () => void;
  /** Called when the member must stop. */
  readonly onFailure: (error: Error) => void;
}

/**
 * The replication of requests, as the owner of the keys sees it: who waits for what, which entries are applied, and who
 * leads. `ConsensusCore` does the rest, perhaps on another event loop.
 */
export class Consensus implements ConsensusClient {
  readonly position: LogPosition;
  readonly leadership: Leadership;
  readonly proposals: Proposals<ApplyResult>;
  readonly proposer: Proposer;
  readonly readIndex: ReadIndex;
  readonly connections: Connections;
  readonly nextId: () => RequestId;
  readonly #config: ConsensusConfig;
  readonly #core: ConsensusCore;
  readonly #confChanges: Proposals<EtcdError | undefined>;
  readonly #applyLoop: ApplyLoop;
  readonly #transfer: SnapshotTransfer;
  readonly #install: SnapshotInstall;
  readonly #sole: SoleMember;
  /** The last entry of the v2 store that the log was asked to drop. */
  #droppedV2 = 0;
  /** Whether the cluster version was lowered, so that the log has to be cut. */
  #cutWanted = false;
  /** The number of gaps in this member's awake time when it last proved its leadership. */
  #provenGaps = 0;

  constructor(config: ConsensusConfig) {
    const { settings, member, clock, logger, counters } = config;
    const { memberId } = member.ids;
    const { index, term } = member.consistentIndex;
    const ids = new RequestIds(memberId, clock);
    const timeoutMs = requestTimeoutMs(settings);
    const waits = {
      ...{ clock, counters, timeoutMs },
      timeoutKind: (askedAt: number): ErrorKind => this.#timeoutKind(askedAt),
      onGivenUp: (id: RequestId): void => this.#core.withdraw(id),
    };
    this.#config = config;
    this.nextId = () => ids.next();
    this.position = new LogPosition(index, term, () => this.#core.commitIndex());
    this.leadership = new Leadership(memberId, clock);
    this.proposals = new Proposals(waits);
    this.#confChanges = new Proposals(waits);
    this.#core = member.consensus.connect(this);
    this.connections = new Connections(member.cluster, this.#core);
    this.proposer = new Proposer({
      ...{ clock, counters },
      ...{ position: this.position, proposals: this.proposals, nextId: this.nextId, core: this.#core },
      maxRequestBytes: settings.maxRequestBytes,
      priorityRequests: settings.features.PriorityRequest,
      identify: (call) => config.access.identify(call),
      strain: () => member.backend.strain,
    });
    const sole = new SoleMember(memberId, member.consensus.confState);
    this.#sole = sole;
    this.readIndex = new ReadIndex({
      ...{ clock, logger, counters, timeoutMs, position: this.position, nextId: this.nextId, core: this.#core },
      alone: () => sole.decides,
    });
    this.#transfer = this.#makeTransfer();
    this.#install = new SnapshotInstall({
      ...{ member, watchable: config.watchable, logger, counters },
      onMembers: () => this.#sayMembers(),
    });
    this.#applyLoop = this.#makeApplyLoop();
    member.cluster.onVersion((before) => this.#versionMoved(before));
  }

  start(): void {
    const { cluster, consensus } = this.#config.member;
    this.position.commitTo(consensus.commit);
    this.#core.start(cluster.members(), cluster.removedIds());
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
      await this.readIndex.confirm();
    } catch {
      // Whatever the error is, the leadership was not confirmed.
      return false;
    }
    return this.leadership.termLed === term;
  }

  /** The status of the raft node. */
  status(): Asked<Status> {
    return this.#core.status();
  }

  /** The numbers of consensus, as of the last `countNow`. */
  get numbers(): ConsensusNumbers {
    return this.#core.numbers;
  }

  countNow(): Asked<void> {
    return this.#core.countNow();
  }

  /**
   * Proposes a conf change and waits until it has been applied.
   *
   * @throws EtcdError the refusal, or the reason why the wait ended early; the change may still be applied then
   */
  async configure(change: Pick<ConfChangeV1, "type" | "nodeId" | "context">, call?: Call): Promise<void> {
    const id = this.nextId();
    const waiting = this.#confChanges.wait(id, call);
    this.#core.proposeConfChange({ ...change, version: 1, id });
    const refusal = await waiting;
    if (refusal !== undefined) throw refusal;
  }

  /** Asks raft to transfer the leadership. `leadership` shows whether it succeeds. */
  transferLeadership(to: NodeId): void {
    this.#core.transferLeadership(to);
  }

  /** Refuses new requests, and resolves when all waiting ones have been answered. */
  async drain(): Promise<void> {
    const stopped = new EtcdError("stopped");
    for (const waiting of [this.proposals, this.#confChanges, this.readIndex]) waiting.refuse(stopped);
    const waiters = [this.proposals, this.#confChanges, this.readIndex];
    await Promise.all([...waiters.map((waiting) => waiting.whenIdle()), this.#core.settled()]);
    await this.#applyLoop.whenDrained();
  }

  /** Refuses the waiting requests and stops. The log then contains raft's last state. */
  async stop(): Promise<void> {
    this.halt();
    await this.#core.stop();
    await this.#applyLoop.whenSettled();
  }

  /** Closes the log. For after `stop`. */
  close(): Promise<void> {
    return this.#core.close();
  }

  /** Stops applying and acknowledging at once. */
  halt(): void {
    const stopped = new EtcdError("stopped");
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
    const fresh = this.leadership.update(state, term);
    if (fresh) this.readIndex.leaderChanged();
    if (!this.leadership.leading) {
      this.proposer.leadershipLost();
      this.#sole.leadershipLost();
    }
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

  refused(id: RequestId, reason: ErrorKind): void {
    const error = new EtcdError(reason);
    this.proposals.fail(id, error);
    this.#confChanges.fail(id, error);
  }

  commitDatabase(): void {
    const { position } = this;
    const covered = { index: position.applied, term: position.term, confState: this.#applyLoop.confState };
    this.#config.member.backend.commit().then(
      () => this.#core.recordSnapshot(covered),
      (error: unknown) => this.failed(asError(error)),
    );
  }

  snapshotRecorded(index: number): void {
    this.#config.member.demands.recorded(index);
    this.#config.onSnapshotRecorded();
  }

  sendSnapshot(message: Message, takes: PeerTakes): void {
    this.#transfer.send(message, takes);
  }

  removed(): void {
    this.#config.onRemoved();
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
    const { leadership, connections } = this;
    if (leadership.mayHaveBeenLost(askedAt, electionTimeoutMs(this.#config.settings))) return "timeoutLeaderFailure";
    if (!leadership.hasLeader) return "timeout";
    const connected = leadership.leading
      ? connections.quorumSince(askedAt)
      : connections.existSince(leadership.lead, askedAt);
    return connected ? "timeout" : "timeoutConnectionLost";
  }

  /** After a downgrade, the log must not contain what only newer members can read. */
  #versionMoved(before: string | undefined): void {
    const { member, logger } = this.#config;
    const { version } = member.cluster;
    if (before === undefined || version === undefined || compareVersions(version, before) >= 0) return;
    logger.info("Cluster version downgrade detected, forcing snapshot", {
      ...{ "prev-cluster-version": before, "new-cluster-version": version },
    });
    this.#cutWanted = true;
  }

  /**
   * Cuts the log after a downgrade, and when it contains requests of the v2 store although all members understand
   * others: a member of etcd 3.7 that joins would stop for good if it received such an entry. Must be called between
   * two entries, since the database may be written at once.
   */
  #cutLog(): void {
    const { demands, cluster } = this.#config.member;
    const v2 = demands.lastV2 > this.#droppedV2 && isAtLeastVersion(cluster.version, firstWithoutV2Requests);
    if (v2) this.#droppedV2 = demands.lastV2;
    if (v2 || this.#cutWanted) this.#core.cutLog(v2 ? demands.lastV2 : 0);
    this.#cutWanted = false;
  }

  /** Tells consensus who the members are. */
  #sayMembers(): void {
    const { cluster } = this.#config.member;
    this.#core.membersAre(cluster.members(), cluster.removedIds());
  }

  #makeTransfer(): SnapshotTransfer {
    const { member, clock, logger, counters } = this.#config;
    const { backend, databases, consistentIndex, cluster } = member;
    return new SnapshotTransfer({
      ...{ backend, databases, consistentIndex, cluster, clock, logger, counters, core: this.#core },
      settled: () => !this.#applyLoop.installing,
    });
  }

  #makeApplyLoop(): ApplyLoop {
    const { settings, member, applier, clock, logger, counters, slow } = this.#config;
    const { onFirstOfTerm, onRemoved, raiseNoSpace, onFailure } = this.#config;
    const { position, proposals } = this;
    const { skippedEntries } = settings;
    if (skippedEntries.size > 0) {
      const indexes = [...skippedEntries];
      logger.warn("log entries will be skipped; all members must skip the same entries", { indexes });
    }
    return new ApplyLoop({
      ...{ applier, position, proposals, clock, logger, counters, slow, raiseNoSpace, onFailure },
      backend: member.backend,
      demands: member.demands,
      skippedEntries,
      confChanges: this.#confChanges,
      confState: member.consensus.confState,
      reconfigure: (change, before) => {
        const after = confStateAfter(before, change);
        this.#sole.configured(after);
        this.#core.applyConfChange(change, after);
        return after;
      },
      onMembership: (change) => {
        this.#sayMembers();
        if (change.type === "ConfChangeRemoveNode" && change.nodeId === member.ids.memberId) onRemoved();
      },
      install: (snapshot) => {
        this.#sole.configured(snapshot.metadata.confState);
        return this.#install.run(snapshot);
      },
      onFirstOfTerm: (term) => {
        this.readIndex.firstCommitInTerm();
        this.#sole.firstOfTerm(this.leadership.termLed === term);
        onFirstOfTerm(term);
      },
      onApplied: () => {
        this.#core.applied(position.applied);
        this.#cutLog();
      },
    });
  }
}
