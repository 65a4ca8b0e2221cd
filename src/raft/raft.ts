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
 * The state of one node, how its role changes, and when its messages may leave. It decides nothing by itself: `start`
 * loads it, `step` and `tick` drive it, and the rules of the roles (`follower`, `candidate`, `leader` and the files
 * that they use) write to it.
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
  /** The leader of this term, once known. */
  lead: NodeId = noNode;
  /** Tracked, but not as a voter. */
  isLearner = false;

  /** Ticks since the last election timeout; for a follower, since it heard of its leader. */
  electionElapsed = 0;
  /** Leader: ticks since the last heartbeat. */
  heartbeatElapsed = 0;
  /** In `[electionTicks, 2 * electionTicks)`, drawn anew with every change of role, so that votes seldom split. */
  randomizedElectionTimeout = 0;

  /** Leader: who is to take over (thesis, 3.10). */
  leadTransferee: NodeId = noNode;
  /** Leader: no conf change that is in the log but not applied lies after this index. */
  pendingConfIndex = 0;
  /** Leader: data of proposals that are not committed; at most the truth, so that it cannot lock proposals out. */
  uncommittedSize = 0;
  readOnly = new ReadOnly();
  /** Reads that came before this leader had committed an entry of its term: it does not know the commit index yet. */
  pendingReads: Message[] = [];
  readStates: ReadState[] = [];

  /** Messages that may leave at once. */
  messages: Message[] = [];
  /** Messages, to this node too, that may leave once everything that is unstable now is stored. */
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

  /** Takes up the term, vote and commit index that were stored. */
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

  /** This node in log lines. */
  get name(): string {
    return hex(this.id);
  }

  softState(): SoftState {
    return { lead: this.lead, state: this.#state };
  }

  hardState(): HardState {
    return { term: this.#term, vote: this.#vote, commit: this.log.committed };
  }

  /** Logs a broken fact and stops. */
  fail(line: string): never {
    this.logger.fatal(() => line);
    throw new AssertionFailure(line);
  }

  // ---- sending

  send(type: MessageType, to: NodeId, body?: MessageBody): void {
    this.sendAt(this.#term, type, to, body);
  }

  /** Sends with a term other than ours: votes speak of the term that is voted on. */
  sendAt(term: number, type: MessageType, to: NodeId, body?: MessageBody): void {
    const message = createMessage(type, to, this.id, term, body);
    // A promise of something stored waits until it is, even a refusal: what it refuses for may be unstable itself.
    if (restsOnStorage(type)) {
      this.messagesAfterAppend.add(message, this.log.lastIndex);
      return;
    }
    assert(to !== this.id, "only a promise to be kept after storing is sent to oneself");
    this.messages.push(message);
  }

  /** Hands a request on to the leader. A proposal or a read stays without term: it may be taken at any. */
  forward(message: Message): void {
    const { type } = message;
    const from = message.from === noNode ? this.id : message.from;
    const term = type === "MsgProp" || type === "MsgReadIndex" ? 0 : this.#term;
    this.messages.push({ ...message, to: this.lead, from, term });
  }

  /** Able to lead: a voter, whose state machine does not wait for a snapshot. */
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

  /** Only asks: neither the term nor the vote changes. */
  becomePreCandidate(): void {
    assert(this.#state !== "StateLeader", "a leader does not stand for election");
    this.tracker.resetVotes();
    this.lead = noNode;
    this.#state = "StatePreCandidate";
    this.logger.info(() => `${this.name} became pre-candidate at term ${this.#term}`);
  }

  /** Takes the lead of this term. The caller then appends the term's first entry. */
  becomeLeader(): void {
    assert(this.#state !== "StateFollower", "a leader was elected");
    this.#reset(this.#term);
    this.lead = this.id;
    this.#state = "StateLeader";
    const own = this.tracker.progress.get(this.id);
    assert(own !== undefined, "a leader is a member");
    own.becomeReplicate();
    own.recentActive = true;
    // There may be a conf change among what is not applied yet. Rather than look, wait for all of it.
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

  /** Whether this term's leader has committed an entry of its own: until then it may not know what is committed. */
  committedInCurrentTerm(): boolean {
    return this.log.termAt(this.log.committed) === this.#term;
  }

  /** The end of the log in log lines that speak of elections. */
  describeEnd(last: EntryId): string {
    return `${this.name} [logterm: ${last.term}, index: ${last.index}, vote: ${hex(this.#vote)}]`;
  }
}
