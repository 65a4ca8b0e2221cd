import { setImmediate as nextTurn } from "node:timers/promises";
import { asError, assert, type Clock, EtcdError, formatDuration, type Logger, type Timer } from "../../base/index.js";
import {
  type ConfChange,
  type ConfState,
  type Entry,
  type HardState,
  type MemoryStorage,
  type Message,
  type NodeId,
  noNode,
  RaftError,
  type RawNode,
  type ReadState,
  type Ready,
  type Snapshot,
  type SoftState,
  type Status,
} from "../../raft/index.js";
import type { Wal } from "../../wal/index.js";
import type { ServerCounters } from "../counters.js";
import { ConfChangeQueue, proposesConfChange } from "./conf-change-queue.js";
import { sortMessages } from "./outbox.js";
import type { PeerNetwork } from "./peer-network.js";

/** Who drives the member, and what raft has for it. For one `Ready` the calls come in this order. */
export interface RaftHandler {
  /** The loop is about to take what raft has: last call for a ReadIndex. */
  beforeReady(): void;
  /**
   * The log is committed up to `index`. Called before any message leaves that carries this commit index: a follower
   * may apply an entry and answer its client at once, and the client's next question to this member must wait for
   * that entry.
   */
  commitMoved(index: number): void;
  /** @param term of the leader, or the newest one known while there is none */
  leaderNews(state: SoftState, term: number): void;
  readStates(states: readonly ReadState[]): void;
  /** A snapshot has taken the place of the whole log on disk; what is committed after it rests on it. */
  restored(snapshot: Snapshot): void;
  /**
   * Entries that are on disk here and stored by a quorum, in order, each once. They may be applied later: the raft loop
   * does not wait for it, and raft is told with `applied`.
   */
  committed(entries: readonly Entry[]): void;
  /** Raft wants a peer to be sent the state as it stands; how that went is told with `reportSnapshot`. */
  sendSnapshot(message: Message): void;
  isRemoved(id: NodeId): boolean;
  /** One tick has passed. */
  tick(): void;
  /** The log could not be written, or a fact does not hold: the loop is over and the member must stop. Called once. */
  failed(error: Error): void;
}

export interface RaftNodeConfig {
  readonly node: RawNode;
  readonly storage: MemoryStorage;
  readonly wal: Pick<Wal, "save">;
  readonly clock: Clock;
  readonly tickMs: number;
  readonly handler: RaftHandler;
  readonly network: Pick<PeerNetwork, "send">;
  readonly logger: Logger;
  readonly counters: ServerCounters;
}

/** Proposals that wait for a leader. */
const unsentMax = 5_000;

const lateHeartbeatText =
  "leader failed to send out heartbeat on time; took too long, leader is overloaded likely from slow disk";

interface SnapshotToSave {
  readonly snapshot: Snapshot;
  readonly saved: () => void;
}

/** A proposal that waits for a leader; nobody may be waiting for it any more. */
interface Unsent {
  readonly propose: () => void;
  readonly wanted: () => boolean;
}

/**
 * Drives raft: ticks, and takes what it has ready, again and again: save, send, hand over, advance. Whatever is
 * proposed while one `Ready` is being written rides in the next, so that many proposals share one write of the disk.
 *
 * Committed entries are handed over while the disk writes the next ones, never before they are on this disk
 * themselves: a member that is alone would otherwise acknowledge what it can still lose.
 */
export class RaftNode {
  readonly #config: RaftNodeConfig;
  readonly #node: RawNode;
  #timer: Timer | undefined;
  #latestTick: number;
  /** When the tick that comes next should: those that come late do not make those after them late. */
  #nextTick = 0;
  #state: "idle" | "scheduled" | "running" = "idle";
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  /** Set while a hard state is not on disk: a commit index that moved alone is worth no sync, and rides along later. */
  #unsavedState: HardState | undefined;
  #storedTerm: number;
  #hasLeader = false;
  #leading = false;
  readonly #unsent: Unsent[] = [];
  readonly #confChanges = new ConfChangeQueue();
  #campaigning = false;
  #snapshot: SnapshotToSave | undefined;

  constructor(config: RaftNodeConfig) {
    this.#config = config;
    this.#node = config.node;
    this.#latestTick = config.clock.now();
    this.#storedTerm = config.storage.initialState().hardState.term;
  }

  start(): void {
    this.#nextTick = this.#config.clock.now();
    this.#tickLater();
    this.wake();
  }

  /** Ends after the write that is under way, with what raft last decided on disk. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
    await this.#save([], undefined);
  }

  /** The loop comes by after whatever I/O is being handled right now, so that what arrives together goes together. */
  wake(): void {
    if (this.#state !== "idle" || this.#stopped) return;
    this.#state = "scheduled";
    setImmediate(() => {
      this.#running = this.#run();
    });
  }

  /**
   * Takes a proposal; without a leader it waits for one.
   *
   * @param wanted whether anybody waits for it still, when there is a leader
   * @throws EtcdError `leaderChanged` when raft dropped it, `tooManyRequests` when too many wait already, or too many
   *   bytes are not committed yet
   */
  propose(data: Uint8Array, wanted: () => boolean): void {
    this.#propose({ propose: () => this.#node.propose(data), wanted });
  }

  /**
   * Takes what this member has decided as the leader of `term`. It is neither forwarded to another leader nor kept for
   * a later term: in the log it stands as an entry of `term`, before everything of the terms after, or it does not.
   *
   * @throws EtcdError `leaderChanged` when this member does not lead in `term` (any more)
   */
  proposeInTerm(term: number, data: Uint8Array): void {
    const wanted = (): boolean => true;
    if (!this.#send({ propose: () => this.#node.propose(data, term), wanted })) throw new EtcdError("leaderChanged");
  }

  /** As `propose`. */
  proposeConfChange(change: ConfChange, wanted: () => boolean): void {
    const propose = (): void => this.#propose({ propose: () => this.#node.proposeConfChange(change), wanted });
    this.#confChanges.submit(this.#node.takesConfChange, propose);
  }

  /**
   * Takes a message of a peer.
   *
   * @throws RaftError when raft did not take it; EtcdError `tooManyRequests` for one conf change too many
   */
  step(message: Message): void {
    if (this.#stopped) return;
    const step = (): void => {
      this.#guard(() => this.#node.step(message));
      this.wake();
    };
    if (proposesConfChange(message)) this.#confChanges.submit(this.#node.takesConfChange, step);
    else step();
  }

  readIndex(context: Uint8Array): void {
    this.#node.readIndex(context);
    this.wake();
  }

  transferLeadership(to: NodeId): void {
    this.#node.transferLeadership(to);
    this.wake();
  }

  reportUnreachable(id: NodeId): void {
    this.#node.reportUnreachable(id);
  }

  reportSnapshot(id: NodeId, outcome: "finish" | "failure"): void {
    this.#node.reportSnapshot(id, outcome);
    this.wake();
  }

  status(): Status {
    return this.#node.status();
  }

  /** Advances the election timer by `count` ticks. */
  skipTicks(count: number): void {
    for (let tick = 0; tick < count; tick++) this.#node.tick();
    this.wake();
  }

  /** Everything up to `index` has been applied; what raft holds back for it goes on. */
  applied(index: number): void {
    try {
      this.#node.applied(index);
      this.#releaseConfChanges();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.wake();
  }

  applyConfChange(change: ConfChange): ConfState {
    const confState = this.#node.applyConfChange(change);
    this.wake();
    return confState;
  }

  /** Stands for election as soon as everything committed has been applied; for a member that is the only voter. */
  campaign(): void {
    this.#campaigning = true;
    this.wake();
  }

  /** Writes a snapshot's record to the log; resolves when it is on disk. */
  saveSnapshot(snapshot: Snapshot): Promise<void> {
    return new Promise((resolve) => {
      this.#snapshot = { snapshot, saved: resolve };
      this.wake();
    });
  }

  #tickLater(): void {
    const { clock, tickMs } = this.#config;
    const now = clock.now();
    // Ticks that were slept through are not made up for.
    this.#nextTick = Math.max(this.#nextTick + tickMs, now);
    this.#timer = clock.after(this.#nextTick - now, () => {
      this.#tickLater();
      try {
        this.#node.tick();
      } catch (error) {
        this.#fail(error);
      }
      this.#ticked();
      this.#config.handler.tick();
      this.wake();
    });
  }

  #ticked(): void {
    const { clock, counters, logger, tickMs } = this.#config;
    const now = clock.now();
    const exceededMs = now - this.#latestTick - 2 * tickMs;
    this.#latestTick = now;
    if (exceededMs <= 0 || !this.#leading || this.#node.status().progress.size === 1) return;
    counters.lateHeartbeats++;
    logger.warn(lateHeartbeatText, {
      "heartbeat-interval": formatDuration(tickMs),
      "expected-duration": formatDuration(2 * tickMs),
      "exceeded-duration": formatDuration(exceededMs),
    });
  }

  async #run(): Promise<void> {
    this.#state = "running";
    try {
      while (!this.#stopped && this.#prepare()) await this.#turn(this.#node.ready());
    } catch (error) {
      this.#fail(error);
    }
    this.#state = "idle";
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#timer?.cancel();
    this.#config.handler.failed(asError(error));
  }

  /** Whether there is something to do. */
  #prepare(): boolean {
    this.#config.handler.beforeReady();
    if (this.#campaigning && !this.#node.hasReady() && this.#isUpToDate()) {
      this.#campaigning = false;
      this.#node.campaign();
    }
    return this.#node.hasReady() || this.#snapshot !== undefined;
  }

  /** Everything that is known to be committed is applied. */
  #isUpToDate(): boolean {
    const { applied, commit } = this.#node.basicStatus();
    return applied === commit;
  }

  #releaseConfChanges(): void {
    this.#confChanges.release(() => this.#node.takesConfChange);
  }

  async #turn(ready: Ready): Promise<void> {
    const { handler, network, storage } = this.#config;
    if (ready.hardState !== undefined) {
      this.#unsavedState = ready.hardState;
      storage.setHardState(ready.hardState);
    }
    // It may lie before the end of what is stored here: the hard state tells of it only then, messages do at once.
    handler.commitMoved(this.#node.committed);
    if (ready.softState !== undefined) this.#leadership(ready.softState);
    if (ready.readStates.length > 0) handler.readStates(ready.readStates);
    const outbox = sortMessages(ready, this.#leading, this.#storedTerm, (id) => handler.isRemoved(id));
    if (outbox.now.length > 0) network.send(outbox.now);
    await (ready.snapshot === undefined ? this.#store(ready) : this.#restore(ready, ready.snapshot));
    if (outbox.stored.length > 0) network.send(outbox.stored);
    for (const message of outbox.snapshots) handler.sendSnapshot(message);
    this.#node.advance();
  }

  async #store(ready: Ready): Promise<void> {
    const { handler, storage } = this.#config;
    const snapshot = this.#snapshot;
    this.#snapshot = undefined;
    if (ready.mustSync || ready.entries.length > 0 || snapshot !== undefined) {
      const saved = this.#save(ready.entries, snapshot?.snapshot);
      // Applying may throw before the write is awaited. A failed write is then nobody's unhandled rejection.
      saved.catch(() => undefined);
      if (ready.committedEntries.length > 0) {
        // The write has begun by the next turn, and is under way while these are applied.
        await (overlaps(ready) ? saved : nextTurn());
        handler.committed(ready.committedEntries);
      }
      await saved;
      storage.append(ready.entries);
      snapshot?.saved();
    } else if (ready.committedEntries.length > 0) {
      handler.committed(ready.committedEntries);
    }
  }

  /** One write puts the snapshot in place of the log, so there is never half of it. */
  async #restore(ready: Ready, snapshot: Snapshot): Promise<void> {
    const { handler, storage } = this.#config;
    assert(ready.committedEntries.length === 0, "nothing is applied beside a snapshot");
    await this.#save(ready.entries, snapshot);
    storage.applySnapshot(snapshot);
    storage.append(ready.entries);
    handler.restored(snapshot);
  }

  async #save(entries: readonly Entry[], snapshot: Snapshot | undefined): Promise<void> {
    const hardState = this.#unsavedState;
    if (hardState === undefined && entries.length === 0 && snapshot === undefined) return;
    this.#unsavedState = undefined;
    const startedAt = this.#config.clock.now();
    await this.#config.wal.save({ hardState, entries, snapshot });
    if (hardState !== undefined) this.#storedTerm = hardState.term;
    this.#config.counters.walSyncSeconds.observe((this.#config.clock.now() - startedAt) / 1000);
  }

  #leadership(state: SoftState): void {
    this.#hasLeader = state.lead !== 0n;
    this.#leading = state.state === "StateLeader";
    this.#config.handler.leaderNews(state, this.#node.basicStatus().term);
    this.#releaseConfChanges();
    if (!this.#hasLeader) return;
    // One that is dropped now is missed by whoever waits for it, and times out there.
    for (const unsent of this.#unsent.splice(0)) if (unsent.wanted()) this.#send(unsent);
  }

  #propose(proposal: Unsent): void {
    if (!this.#hasLeader) {
      if (this.#unsent.length >= unsentMax) throw new EtcdError("tooManyRequests");
      this.#unsent.push(proposal);
    } else if (!this.#send(proposal)) {
      throw new EtcdError(this.#takesProposals ? "tooManyRequests" : "leaderChanged");
    }
  }

  /** Whether raft drops a proposal only because too much is uncommitted. */
  get #takesProposals(): boolean {
    const { state, leadTransferee } = this.#node.basicStatus();
    return state === "StateLeader" && leadTransferee === noNode;
  }

  /** False when raft dropped the proposal. */
  #send({ propose }: Unsent): boolean {
    try {
      this.#guard(propose);
    } catch (error) {
      if (error instanceof RaftError) return false;
      throw error;
    }
    this.wake();
    return true;
  }

  /** Anything but a refusal, thrown by raft, is a fact that does not hold. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      if (!(error instanceof RaftError)) this.#fail(error);
      throw error;
    }
  }
}

/** Some of what is committed is not on this disk yet. */
function overlaps({ committedEntries, entries }: Ready): boolean {
  const last = committedEntries.at(-1);
  const first = entries[0];
  return last !== undefined && first !== undefined && last.index >= first.index;
}
