import { assert, emptyBytes } from "../base/index.js";
import { applicationApplied } from "./acknowledge.js";
import type { ConfChange } from "./conf-change.js";
import type { Config } from "./config.js";
import { entriesSize } from "./entry-size.js";
import { RaftError } from "./errors.js";
import {
  createMessage,
  isLocalMessage,
  isLocalTarget,
  isRequest,
  isResponseMessage,
  restsOnStorage,
} from "./message.js";
import type { Raft } from "./raft.js";
import { applyConfChange } from "./reconfigure.js";
import { entriesRead } from "./replication.js";
import { startRaft } from "./start.js";
import { type BasicStatus, basicStatusOf, type Status, statusOf } from "./status.js";
import { campaign, step, tick } from "./step.js";
import {
  appendThread,
  applyThread,
  type ConfState,
  type Entry,
  type EntryType,
  type HardState,
  isEmptyHardState,
  type Message,
  type NodeId,
  noNode,
  type Ready,
  type SoftState,
} from "./types.js";

/** A founding member of a group. */
export interface Peer {
  readonly id: NodeId;
  /** Context of the conf change that adds the member: etcd puts its name and URLs there. */
  readonly context: Uint8Array;
}

/** Returns the state of a node, for tests and invariant checks. */
export let raftOf: (node: RawNode) => Raft;

/** One node. It only changes through these calls, and `ready` returns the work that they produce. */
export class RawNode {
  readonly #raft: Raft;
  readonly #async: boolean;
  #lastSoftState: SoftState;
  #lastHardState: HardState;
  /**
   * Messages to the node itself, delivered by `advance` once the accepted Ready is carried out; undefined when there is
   * none.
   */
  #onAdvance: Message[] | undefined;
  /** With `reportsApplied`: entries that were handed out and not reported as applied, in the order of the log. */
  #unapplied: Entry[] = [];

  static {
    raftOf = (node) => node.#raft;
  }

  /** Starts from the contents of `config.storage`. */
  constructor(config: Config) {
    this.#raft = startRaft(config);
    this.#async = config.asyncStorageWrites === true;
    this.#lastSoftState = this.#raft.softState();
    this.#lastHardState = this.#raft.hardState();
  }

  /**
   * Founds a group on an empty storage: its log begins with a committed conf change for each member, at term 1. All
   * founding members must be given the same peers in the same order.
   */
  bootstrap(peers: readonly Peer[]): void {
    const raft = this.#raft;
    assert(peers.length > 0, "a group has a member");
    assert(raft.log.lastIndex === 0, "a group is founded on an empty log");
    // Ensures that the first Ready carries the hard state.
    this.#lastHardState = { term: 0, vote: noNode, commit: 0 };
    raft.becomeFollower(1, noNode);
    const changes = peers.map(({ id, context }): ConfChange => {
      return { version: 1, id: 0n, type: "ConfChangeAddNode", nodeId: id, context };
    });
    const entries = changes.map((change, at): Entry => {
      return { term: 1, index: at + 1, type: "EntryConfChange", data: raft.config.codec.encode(change) };
    });
    raft.log.append(entries);
    raft.log.commitTo(entries.length);
    // The changes are handed out as committed entries, too, and applied again then; but the node may campaign before
    // that.
    for (const change of changes) applyConfChange(raft, change);
  }

  /** Advances time by one tick. */
  tick(): void {
    tick(this.#raft);
  }

  /** Starts a campaign now. */
  campaign(): void {
    campaign(this.#raft);
  }

  /**
   * @param term when given, the proposal is accepted only by the leader of this term, so its entry is of this term or
   * does not exist
   * @throws RaftError `proposalDropped`, for instance when there is no leader
   */
  propose(data: Uint8Array, term?: number): void {
    const { state, term: current } = this.#raft;
    if (term !== undefined && (state !== "StateLeader" || term !== current)) throw new RaftError("proposalDropped");
    this.#propose("EntryNormal", [data]);
  }

  /**
   * Proposes entries in one message, which raft takes or drops as a whole.
   *
   * @throws RaftError `proposalDropped`
   */
  proposeAll(data: readonly Uint8Array[]): void {
    this.#propose("EntryNormal", data);
  }

  /**
   * Proposes a conf change. Even an accepted one may turn into an empty entry.
   *
   * @throws RaftError `proposalDropped`
   */
  proposeConfChange(change: ConfChange): void {
    const type = change.version === 1 ? "EntryConfChange" : "EntryConfChangeV2";
    this.#propose(type, [this.#raft.config.codec.encode(change)]);
  }

  #propose(type: EntryType, batch: readonly Uint8Array[]): void {
    const entries = batch.map((data): Entry => ({ term: 0, index: 0, type, data }));
    this.#step(createMessage("MsgProp", noNode, this.#raft.id, 0, { entries }));
  }

  /**
   * Applies a committed conf change; one that the application refuses must be applied with `nodeId` 0.
   *
   * @returns the configuration that snapshots must name from now on
   */
  applyConfChange(change: ConfChange): ConfState {
    return applyConfChange(this.#raft, change);
  }

  /**
   * Handles a message of a peer, or a response that a storage message carried.
   *
   * @throws RaftError `stepLocalMsg`, `stepPeerNotFound` or `proposalDropped`
   */
  step(message: Message): void {
    const { type, from, reject } = message;
    if (!isLocalTarget(from)) {
      if (isLocalMessage(type)) throw new RaftError("stepLocalMsg");
      if (isResponseMessage(type) && !this.#raft.tracker.progress.has(from)) throw new RaftError("stepPeerNotFound");
      // A node's messages to itself are its own promises, and requests that were forwarded in a circle.
      const own = (restsOnStorage(type) && !reject) || isRequest(type);
      if (from === this.#raft.id && !own) throw new RaftError("stepLocalMsg");
    }
    this.#step(message);
  }

  #step(message: Message): void {
    if (step(this.#raft, message) === "dropped") throw new RaftError("proposalDropped");
  }

  /** Whether `ready` would return any work. */
  hasReady(): boolean {
    const raft = this.#raft;
    const { log } = raft;
    if (raft.messages.length > 0 || raft.messagesAfterAppend.length > 0 || raft.readStates.length > 0) return true;
    if (raft.reads.length > 0) return true;
    if (log.unstable.hasNextEntries || log.hasNextCommitted(!this.#async)) return true;
    if (log.unstable.nextSnapshot !== undefined || this.#softStateChanged()) return true;
    return this.#hardStateChanged() && !isEmptyHardState(raft.hardState());
  }

  #softStateChanged(): boolean {
    const { lead, state } = this.#lastSoftState;
    return this.#raft.lead !== lead || this.#raft.state !== state;
  }

  #hardStateChanged(): boolean {
    const { term, vote, commit } = this.#lastHardState;
    return this.#raft.log.committed !== commit || this.#raft.term !== term || this.#raft.vote !== vote;
  }

  /**
   * Returns the work to be done now, which then counts as under way: carry it out, in order, and call `advance` (or,
   * with asynchronous storage writes, deliver the responses of the storage messages) before asking again.
   */
  ready(): Ready {
    assert(this.#onAdvance === undefined, "a Ready is advanced before the next one is taken");
    const raft = this.#raft;
    const { log } = raft;
    const { maxStoredSizePerReady, longEntrySize } = raft.config;
    const entries = log.unstable.nextEntries(maxStoredSizePerReady, longEntrySize);
    const snapshot = log.unstable.nextSnapshot;
    log.unstable.acceptInProgress(entries.length);
    const hardState = this.#nextHardState();
    const { term, vote } = this.#lastHardState;
    const ready = {
      softState: this.#softStateChanged() ? raft.softState() : undefined,
      hardState,
      readStates: raft.readStates,
      entries,
      snapshot,
      committedEntries: log.nextCommitted(!this.#async, raft.reads),
      reads: raft.reads,
      messages: raft.messages,
      mustSync: entries.length > 0 || raft.vote !== vote || raft.term !== term,
    };
    if (ready.softState !== undefined) this.#lastSoftState = ready.softState;
    if (hardState !== undefined && !isEmptyHardState(hardState)) this.#lastHardState = hardState;
    const promises = raft.messagesAfterAppend.takeUpTo(log.unstable.inProgressEnd - 1, log.lastIndex);
    if (this.#async) this.#handToThreads(ready, promises);
    else this.#handToCaller(ready, promises);
    raft.messages = [];
    raft.readStates = [];
    raft.reads = [];
    const last = ready.committedEntries.at(-1);
    if (last !== undefined) log.acceptApplying(last.index, entriesSize(ready.committedEntries), !this.#async);
    return ready;
  }

  /**
   * Takes the work that has come up since the last Ready and does not depend on its being stored: read states, entries
   * that are stored already, and messages, of which the caller gives back those that promise something. Only between
   * `ready` and `advance`, after the committed entries of the Ready were handed to the application, and with
   * `reportsApplied`.
   */
  meanwhile(): Pick<Ready, "readStates" | "committedEntries" | "messages"> {
    const raft = this.#raft;
    const { log } = raft;
    assert(this.#onAdvance !== undefined, "a Ready is being carried out");
    assert(raft.config.reportsApplied === true, "the application reports what it has applied");
    const { messages, readStates } = raft;
    const committedEntries = log.nextCommitted(false, raft.reads);
    raft.messages = [];
    raft.readStates = [];
    const last = committedEntries.at(-1);
    if (last !== undefined) log.acceptApplying(last.index, entriesSize(committedEntries), false);
    for (const entry of committedEntries) this.#unapplied.push(entry);
    return { readStates, committedEntries, messages };
  }

  /** Gives back messages of `meanwhile`, before any other call. They are part of the next Ready. */
  giveBack(messages: readonly Message[]): void {
    this.#raft.messages = [...messages, ...this.#raft.messages];
  }

  /**
   * The hard state to store. Its commit index does not exceed the entries that are stored with it: after a restart none
   * may be missing.
   */
  #nextHardState(): HardState | undefined {
    if (!this.#hardStateChanged()) return undefined;
    const { term, vote, commit } = this.#raft.hardState();
    return { term, vote, commit: Math.min(commit, this.#raft.log.unstable.inProgressEnd - 1) };
  }

  /** The caller stores, then sends all messages. Messages to the node itself wait for `advance`. */
  #handToCaller(ready: Ready & { readonly messages: Message[] }, promises: readonly Message[]): void {
    const { id } = this.#raft;
    const own: Message[] = [];
    for (const message of promises) (message.to === id ? own : ready.messages).push(message);
    const appended = this.#appendResponse(ready);
    if (appended !== undefined) own.push(appended);
    if (this.#raft.config.reportsApplied) for (const entry of ready.committedEntries) this.#unapplied.push(entry);
    else if (ready.committedEntries.length > 0) own.push(this.#applyResponse(ready.committedEntries));
    this.#onAdvance = own;
  }

  /** The work is sent as messages to the storage threads, which return the responses when it is done. */
  #handToThreads(ready: Ready & { readonly messages: Message[] }, promises: readonly Message[]): void {
    const { id } = this.#raft;
    const { hardState, entries, snapshot, committedEntries } = ready;
    const stores = hardState !== undefined && !isEmptyHardState(hardState);
    if (entries.length > 0 || stores || snapshot !== undefined || promises.length > 0) {
      // The leader's answers to itself must come before the storage response: while they are handled, the terms of the
      // entries must still be available.
      const appended = this.#appendResponse(ready);
      const responses = appended === undefined ? promises : [...promises, appended];
      const { term, vote, commit } = stores ? hardState : { term: 0, vote: noNode, commit: 0 };
      const body = { entries, snapshot, vote, commit, responses };
      ready.messages.push(createMessage("MsgStorageAppend", appendThread, id, term, body));
    }
    if (committedEntries.length > 0) {
      const body = { entries: committedEntries, responses: [this.#applyResponse(committedEntries)] };
      ready.messages.push(createMessage("MsgStorageApply", applyThread, id, 0, body));
    }
  }

  /**
   * The response that tells the node that its log is stored as far as it has been handed out. It carries the current
   * term, and becomes void when the term changes: an overwritten entry may look like one written before, while the
   * write that overwrites it is still queued. For this reason every Ready that changes the term, even one without
   * entries, brings a new response for all unstable entries.
   */
  #appendResponse({ snapshot }: Ready): Message | undefined {
    const { id, log, term } = this.#raft;
    const pending = log.unstable.length > 0;
    if (!pending && snapshot === undefined) return undefined;
    const index = pending ? log.unstable.inProgressEnd - 1 : 0;
    const body = { index, logTerm: pending ? (log.termAt(index) ?? 0) : 0, snapshot };
    return createMessage("MsgStorageAppendResp", id, appendThread, term, body);
  }

  /** Carries no term, since committed entries are committed at any term. */
  #applyResponse(entries: readonly Entry[]): Message {
    return createMessage("MsgStorageApplyResp", this.#raft.id, applyThread, 0, { entries });
  }

  /**
   * Reports that the last Ready is carried out: it is stored, its messages are passed to the transport, and its
   * committed entries to the application. The entries then count as applied, unless the application reports that
   * itself.
   */
  advance(): void {
    assert(!this.#async, "with asynchronous storage writes the responses advance the node");
    const messages = this.#onAdvance;
    assert(messages !== undefined, "there is a Ready to advance from");
    this.#onAdvance = undefined;
    for (const message of messages) step(this.#raft, message);
  }

  /**
   * Reports that the application has applied everything up to `index`, given to it as entries or as a snapshot. Only
   * with `reportsApplied`, at any time.
   */
  applied(index: number): void {
    const raft = this.#raft;
    assert(raft.config.reportsApplied === true, "the application was to report what it applied");
    if (index <= raft.log.applied) return;
    const first = this.#unapplied[0]?.index ?? index + 1;
    const entries = this.#unapplied.slice(0, Math.max(0, index + 1 - first));
    this.#unapplied = this.#unapplied.slice(entries.length);
    applicationApplied(raft, index, entries);
  }

  /**
   * Reports that the owner has read the stored log from `index` on, as a Ready asked it to. The storage has what it has
   * read, as far as that is still part of the log.
   */
  entriesRead(index: number): void {
    entriesRead(this.#raft, index);
  }

  /**
   * Whether a conf change proposed now would be accepted, and not turned into an empty entry because another is
   * pending. A node that does not lead cannot tell, and forwards the change.
   */
  get takesConfChange(): boolean {
    const { state, pendingConfIndex, log } = this.#raft;
    return state !== "StateLeader" || pendingConfIndex <= log.applied;
  }

  /** Requests an index at which a read is linearizable. A Ready returns it with `context`, unless it gets lost. */
  readIndex(context: Uint8Array): void {
    const entry: Entry = { term: 0, index: 0, type: "EntryNormal", data: context };
    step(this.#raft, createMessage("MsgReadIndex", noNode, noNode, 0, { entries: [entry] }));
  }

  /** Asks the leader to transfer leadership to this member. */
  transferLeadership(to: NodeId): void {
    step(this.#raft, createMessage("MsgTransferLeader", noNode, to, 0));
  }

  /** A follower forgets its leader until it hears from one again, so that it may vote. */
  forgetLeader(): void {
    step(this.#raft, createMessage("MsgForgetLeader", noNode, noNode, 0));
  }

  /** Reports that the last message to this member was not delivered. */
  reportUnreachable(id: NodeId): void {
    step(this.#raft, createMessage("MsgUnreachable", noNode, id, 0));
  }

  /**
   * Reports the outcome of a snapshot that was sent to this member. It must be called; otherwise the member is sent
   * nothing more.
   */
  reportSnapshot(id: NodeId, outcome: "finish" | "failure"): void {
    const body = { reject: outcome === "failure", context: emptyBytes };
    step(this.#raft, createMessage("MsgSnapStatus", noNode, id, 0, body));
  }

  /** Index up to which the log is known to be stored by a quorum. */
  get committed(): number {
    return this.#raft.log.committed;
  }

  status(): Status {
    return statusOf(this.#raft);
  }

  basicStatus(): BasicStatus {
    return basicStatusOf(this.#raft);
  }
}
