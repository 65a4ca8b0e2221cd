import type { Applier, ApplyResult } from "../apply/index.js";
import { type Clock, EtcdError, type Logger, type RequestId } from "../base/index.js";
import { loadConfState } from "../cluster/index.js";
import { type Entry, emptyConfState, type ReadState, type SoftState } from "../raft/index.js";
import { ApplyLoop } from "./apply-loop.js";
import type { Bootstrapped } from "./bootstrap.js";
import { electionTimeoutMs, requestTimeoutMs, type ServerConfig } from "./config.js";
import { Leadership } from "./leadership.js";
import { LogPosition } from "./log-position.js";
import type { ServerCounters } from "./metrics.js";
import { Proposals } from "./proposals.js";
import { Proposer } from "./proposer.js";
import { type RaftHandler, RaftNode } from "./raft-node.js";
import { ReadIndex } from "./read-index.js";
import { RequestIds } from "./request-ids.js";
import { SnapshotTrigger } from "./snapshot-trigger.js";

export interface ConsensusConfig {
  readonly settings: ServerConfig;
  readonly member: Bootstrapped;
  readonly applier: Applier;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: ServerCounters;
  /** There is news of the leader. */
  readonly onLeadership: () => void;
  /** The first entry of a leader was applied, and so was everything of the terms before. */
  readonly onFirstOfTerm: () => void;
  /** Raises the alarm of a member that is full. */
  readonly raiseNoSpace: () => Promise<void>;
  /** The member must stop. */
  readonly onFailure: (error: Error) => void;
}

/**
 * Everything between a request and its place in the log: the raft node loop, the apply loop that it hands entries to,
 * and those who wait for either.
 */
export class Consensus implements RaftHandler {
  readonly position: LogPosition;
  readonly leadership: Leadership;
  readonly proposals: Proposals<ApplyResult>;
  readonly proposer: Proposer;
  readonly readIndex: ReadIndex;
  readonly nextId: () => RequestId;
  readonly #config: ConsensusConfig;
  readonly #raftNode: RaftNode;
  readonly #applyLoop: ApplyLoop;
  readonly #snapshots: SnapshotTrigger;

  constructor(config: ConsensusConfig) {
    const { settings, member, clock, logger, counters } = config;
    const { memberId } = member.ids;
    const { index, term } = member.consistentIndex;
    const ids = new RequestIds(memberId, clock);
    const timeoutMs = requestTimeoutMs(settings);
    this.#config = config;
    this.nextId = () => ids.next();
    this.position = new LogPosition(index, term);
    this.leadership = new Leadership(memberId, clock);
    this.proposals = new Proposals({
      clock,
      counters,
      timeoutMs,
      timeoutKind: (askedAt) =>
        this.leadership.mayHaveBeenLost(askedAt, electionTimeoutMs(settings)) ? "timeoutLeaderFailure" : "timeout",
    });
    this.#raftNode = this.#makeRaftNode();
    this.proposer = new Proposer({
      position: this.position,
      proposals: this.proposals,
      nextId: this.nextId,
      maxRequestBytes: settings.maxRequestBytes,
      submit: (data) => this.#raftNode.propose(data),
    });
    this.readIndex = new ReadIndex({
      clock,
      logger,
      counters,
      position: this.position,
      nextId: this.nextId,
      timeoutMs,
      wake: () => this.#raftNode.wake(),
      send: (context) => this.#raftNode.readIndex(context),
    });
    this.#snapshots = this.#makeSnapshotTrigger();
    this.#applyLoop = this.#makeApplyLoop();
  }

  start(): void {
    this.#raftNode.start();
    // Its own vote is the majority, so nothing is gained by waiting for the election timeout. What the log is known to
    // have committed is applied first: a conf change among it may be the one that gives this member its vote.
    const { commit } = this.#config.member.node.basicStatus();
    this.position.commitTo(commit);
    void this.position.whenApplied(commit).then(() => this.#raftNode.campaign());
  }

  /** Whether this member still leads, as far as it can be sure; it asks the others when it may have been asleep. */
  async ensureLeadership(): Promise<boolean> {
    if (this.#raftNode.isActive()) return true;
    try {
      await this.readIndex.wait();
    } catch {
      // Whatever the reason: nobody confirmed it.
      return false;
    }
    return this.leadership.leading;
  }

  /** Lets nobody in any more, and resolves when everybody who waits has been served. */
  async drain(): Promise<void> {
    const stopped = new EtcdError("stopped");
    this.proposals.refuse(stopped);
    this.readIndex.refuse(stopped);
    await Promise.all([this.proposals.whenIdle(), this.readIndex.whenIdle(), this.#snapshots.settled()]);
    await this.#applyLoop.whenDrained();
  }

  /** Whoever still waits is refused; the log holds what raft last decided. */
  async stop(): Promise<void> {
    this.halt();
    await this.#raftNode.stop();
  }

  /** From here on nothing is applied or acknowledged. */
  halt(): void {
    const stopped = new EtcdError("stopped");
    this.#applyLoop.stop();
    this.proposals.close(stopped);
    this.readIndex.close(stopped);
  }

  beforeReady(): void {
    this.readIndex.ask();
  }

  leaderNews(state: SoftState): void {
    const fresh = this.leadership.update(state);
    if (fresh) this.readIndex.leaderChanged();
    this.#config.onLeadership();
  }

  readStates(states: readonly ReadState[]): void {
    for (const state of states) this.readIndex.answer(state);
  }

  committed(entries: readonly Entry[]): void {
    this.position.commitTo(entries.at(-1)?.index ?? 0);
    this.#applyLoop.push(entries);
  }

  tick(): void {
    this.proposals.sweep();
    this.readIndex.sweep();
  }

  failed(error: Error): void {
    this.#config.onFailure(error);
  }

  #makeRaftNode(): RaftNode {
    const { settings, member, clock, counters } = this.#config;
    const { node, storage, wal } = member;
    return new RaftNode({
      node,
      storage,
      wal,
      clock,
      tickMs: settings.tickMs,
      handler: this,
      onSync: (seconds) => counters.walSyncSeconds.observe(seconds),
    });
  }

  #makeSnapshotTrigger(): SnapshotTrigger {
    const { settings, member, logger, onFailure } = this.#config;
    const { backend, wal, storage } = member;
    const { snapshotCount, snapshotCatchUpEntries: catchUpEntries, maxSnapshots } = settings;
    return new SnapshotTrigger(
      {
        backend,
        wal,
        storage,
        logger,
        snapshotCount,
        catchUpEntries,
        maxSnapshots,
        saveSnapshot: (snapshot) => this.#raftNode.saveSnapshot(snapshot),
        onFailure,
      },
      storage.snapshot().metadata.index,
    );
  }

  #makeApplyLoop(): ApplyLoop {
    const { settings, member, applier, clock, logger, counters } = this.#config;
    const { onFirstOfTerm, raiseNoSpace, onFailure } = this.#config;
    const { position, proposals } = this;
    return new ApplyLoop({
      applier,
      position,
      proposals,
      clock,
      logger,
      counters,
      warningApplyDurationMs: settings.warningApplyDurationMs,
      confState: loadConfState(member.backend) ?? emptyConfState,
      reconfigure: (change) => this.#raftNode.applyConfChange(change),
      onFirstOfTerm: () => {
        this.readIndex.firstCommitInTerm();
        onFirstOfTerm();
      },
      raiseNoSpace,
      onApplied: (confState) => this.#snapshots.applied(position.applied, position.term, confState),
      onFailure,
    });
  }
}
