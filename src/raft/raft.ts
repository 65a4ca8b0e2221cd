import { AssertionFailure, assert } from "../base/index.js";
import { type Config, checkConfig } from "./config.js";
import { type EntryId, RaftLog } from "./log.js";
import type { RaftLogger } from "./logger.js";
import { createMessage, type MessageBody, restsOnStorage } from "./message.js";
import { Promises } from "./promises.js";
import { hex } from "./quorum.js";
import { ReadOnly } from "./read-only.js";
import { Tracker } from "./tracker.js";
import {
  type HardState,
  type Message,
  type MessageType,
  type NodeId,
  noNode,
  type ReadState,
  type SoftState,
  type StateType,
} from "./types.js";

/**
 * The state of one node, the changes of its role, and its outgoing messages. `start` loads it; `step`, with the files
 * of the roles, reads and changes it; `raw-node` takes the messages and read states out of it.
 */
export class Raft {
  readonly id: NodeId;
  readonly config: Config;
  readonly log: RaftLog;
  readonly tracker: Tracker;
  readonly logger: RaftLogger;

  #term = 0;
  #vote: NodeId = noNode;
  #state: StateType = "StateFollower";
  /** Leader of this term; `noNode` while it is unknown. */
  lead: NodeId = noNode;
  /** This node is a learner. */
  isLearner = false;

  /** Ticks since the last election timeout; at a follower, ticks since the last message of its leader. */
  electionElapsed = 0;
  /** At the leader: ticks since the last heartbeat. */
  heartbeatElapsed = 0;
  /**
   * Election timeout in ticks, in `[electionTicks, 2 * electionTicks)`. It is drawn again at every change of role, so
   * that votes seldom split.
   */
  randomizedElectionTimeout = 0;

  /** At the leader: the member that leadership is being transferred to (thesis, 3.10). */
  leadTransferee: NodeId = noNode;
  /** At the leader: all conf changes in the log that are not applied have this index or a lower one. */
  pendingConfIndex = 0;
  /**
   * At the leader: bytes of proposals that are not committed. It is never more than the true value, so that it cannot
   * block proposals for ever.
   */
  uncommittedSize = 0;
  readOnly = new ReadOnly();
  /** Reads that arrived before this leader committed an entry of its term: it does not know the commit index yet. */
  pendingReads: Message[] = [];
  readStates: ReadState[] = [];
  /** Indexes from which the owner of the node has to read the log, since the entries there are not in memory. */
  reads: number[] = [];

  /** Messages that may be sent at once. */
  messages: Message[] = [];
  /** Messages, some to this node itself, that may be sent once all currently unstable entries are stored. */
  readonly messagesAfterAppend = new Promises();

  constructor(config: Config) {
    checkConfig(config);
    const { storage, logger } = config;
    this.id = config.id;
    this.config = config;
    this.logger = logger;
    this.log = new RaftLog(storage, logger, config.maxCommittedSizePerReady ?? config.maxSizePerMessage);
    this.tracker = new Tracker({
      messages: config.maxInflightMessages,
      bytes: config.maxInflightBytes ?? Number.POSITIVE_INFINITY,
    });
  }

  /** Restores the stored term, vote and commit index. */
  loadState(state: HardState): void {
    const { committed, lastIndex } = this.log;
    if (state.commit < committed || state.commit > lastIndex) {
      this.fail(`${this.name} state.commit ${state.commit} is out of range [${committed}, ${lastIndex}]`);
    }
    this.log.restoreCommit(state.commit);
    this.#term = state.term;
    this.#vote = state.vote;
  }

  get term(): number {
    return this.#term;
  }

  get vote(): NodeId {
    return this.#vote;
  }

  get state(): StateType {
    return this.#state;
  }

  /** Name of this node in log lines. */
  get name(): string {
    return hex(this.id);
  }

  softState(): SoftState {
    return { lead: this.lead, state: this.#state };
  }

  hardState(): HardState {
    return { term: this.#term, vote: this.#vote, commit: this.log.committed };
  }

  /** Logs a broken invariant and throws. */
  fail(line: string): never {
    this.logger.fatal(() => line);
    throw new AssertionFailure(line);
  }

  // ---- sending

  send(type: MessageType, to: NodeId, body?: MessageBody): void {
    this.sendAt(this.#term, type, to, body);
  }

  /** Sends a message with another term than ours: votes carry the term that is voted on. */
  sendAt(term: number, type: MessageType, to: NodeId, body?: MessageBody): void {
    const message = createMessage(type, to, this.id, term, body);
    // A message that promises something stored waits until it is. That includes refusals: the reason for one may be
    // unstable itself.
    if (restsOnStorage(type)) {
      this.messagesAfterAppend.add(message, this.log.lastIndex);
      return;
    }
    assert(to !== this.id, "only a promise to be kept after storing is sent to oneself");
    this.messages.push(message);
  }

  /**
   * Forwards a request to the leader. A proposal or a read carries no term, since the leader may accept it at any term.
   */
  forward(message: Message): void {
    const { type } = message;
    const from = message.from === noNode ? this.id : message.from;
    const term = type === "MsgProp" || type === "MsgReadIndex" ? 0 : this.#term;
    this.messages.push({ ...message, to: this.lead, from, term });
  }

  /** Whether this node may become leader: it must be a voter whose state machine does not wait for a snapshot. */
  get promotable(): boolean {
    const own = this.tracker.progress.get(this.id);
    return own !== undefined && !own.isLearner && !this.log.awaitsState;
  }

  // ---- roles

  becomeFollower(term: number, lead: NodeId): void {
    this.#reset(term);
    this.lead = lead;
    this.#state = "StateFollower";
    this.logger.info(() => `${this.name} became follower at term ${this.#term}`);
  }

  becomeCandidate(): void {
    assert(this.#state !== "StateLeader", "a leader does not stand for election");
    this.#reset(this.#term + 1);
    this.#vote = this.id;
    this.#state = "StateCandidate";
    this.logger.info(() => `${this.name} became candidate at term ${this.#term}`);
  }

  /** Becomes pre-candidate, which changes neither the term nor the vote. */
  becomePreCandidate(): void {
    assert(this.#state !== "StateLeader", "a leader does not stand for election");
    this.tracker.resetVotes();
    this.lead = noNode;
    this.#state = "StatePreCandidate";
    this.logger.info(() => `${this.name} became pre-candidate at term ${this.#term}`);
  }

  /** Becomes leader of this term. The caller then appends the first entry of the term. */
  becomeLeader(): void {
    assert(this.#state !== "StateFollower", "a leader was elected");
    this.#reset(this.#term);
    this.lead = this.id;
    this.#state = "StateLeader";
    const own = this.tracker.progress.get(this.id);
    assert(own !== undefined, "a leader is a member");
    own.becomeReplicate();
    own.recentActive = true;
    // The unapplied entries may include a conf change. Instead of searching them, wait until all of them are applied.
    this.pendingConfIndex = this.log.lastIndex;
  }

  castVote(candidate: NodeId): void {
    this.electionElapsed = 0;
    this.#vote = candidate;
  }

  #reset(term: number): void {
    if (this.#term !== term) {
      this.#term = term;
      this.#vote = noNode;
    }
    this.lead = noNode;
    this.electionElapsed = 0;
    this.heartbeatElapsed = 0;
    const { electionTicks, random } = this.config;
    this.randomizedElectionTimeout = electionTicks + random.int(electionTicks);
    this.leadTransferee = noNode;
    this.tracker.resetVotes();
    this.tracker.restart(this.id, this.log.lastIndex);
    this.pendingConfIndex = 0;
    this.uncommittedSize = 0;
    this.readOnly = new ReadOnly();
    this.pendingReads = [];
  }

  /**
   * Whether the leader of this term has committed an entry of its own term. Before that it may not know the commit
   * index.
   */
  committedInCurrentTerm(): boolean {
    return this.log.termAt(this.log.committed) === this.#term;
  }

  /** Text of the end of the log for log lines about elections. */
  describeEnd(last: EntryId): string {
    return `${this.name} [logterm: ${last.term}, index: ${last.index}, vote: ${hex(this.#vote)}]`;
  }
}
