import { setImmediate as nextTurn } from "node:timers/promises";
import { asError, assert, type Clock, type Logger, type RequestId, type Timer } from "../../base/index.js";
import {
  type ConfChange,
  type ConfChangeV1,
  type ConfState,
  type Entry,
  type HardState,
  type MemoryStorage,
  type Message,
  type NodeId,
  noNode,
  RaftError,
  type RawNode,
  type Ready,
  type Snapshot,
  type SoftState,
  type Status,
} from "../../raft/index.js";
import type { RaftLog } from "../../wal/index.js";
import { ConfChangeQueue, proposesConfChange } from "./conf-change-queue.js";
import type { LogCounters } from "./log-counters.js";
import { LogReader } from "./log-reader.js";
import { type Outbox, overlaps, sortMessages } from "./outbox.js";
import type { PeerNetwork } from "./peer-network.js";
import { ProposalIntake } from "./proposal-intake.js";
import type { RaftHandler } from "./raft-handler.js";
import { isLongWrite } from "./raft-limits.js";
import { TickGaps } from "./tick-gaps.js";

export interface RaftNodeConfig {
  readonly node: RawNode;
  readonly storage: MemoryStorage;
  readonly wal: Pick<RaftLog, "save" | "read">;
  readonly clock: Clock;
  readonly tickMs: number;
  readonly handler: RaftHandler;
  readonly network: Pick<PeerNetwork, "send">;
  readonly logger: Logger;
  readonly counters: LogCounters;
}

/**
 * How long reads are answered and stored entries applied while a long write is under way. After that the disk may hang,
 * and a member whose disk hangs is not healthy.
 */
const meanwhileMsMax = 1_000;

interface SnapshotToSave {
  readonly snapshot: Snapshot;
  readonly saved: () => void;
}

/**
 * Drives raft with ticks, and processes one `Ready` after the other: saves it, sends messages, passes on committed
 * entries, and advances. Proposals that arrive while a `Ready` is being written are part of the next one, so that many
 * proposals share one disk sync.
 *
 * Committed entries are passed on while the disk writes the next ones, but never before they are on the local disk.
 * Otherwise a single member would acknowledge writes that it can still lose.
 */
export class RaftNode {
  readonly #config: RaftNodeConfig;
  readonly #node: RawNode;
  #timer: Timer | undefined;
  readonly #ticks: TickGaps;
  /** The time at which the next tick is due. A late tick does not delay the ticks after it. */
  #nextTick = 0;
  #state: "idle" | "scheduled" | "running" = "idle";
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  /** A hard state that is not on disk yet. A change of the commit index alone needs no sync and is saved later. */
  #unsavedState: HardState | undefined;
  #storedTerm: number;
  #leading = false;
  readonly #confChanges = new ConfChangeQueue();
  readonly #intake: ProposalIntake;
  readonly #reader: LogReader;
  #campaigning = false;
  #snapshot: SnapshotToSave | undefined;
  /** When the long write under way began; undefined when there is none, or nothing may be done beside it. */
  #longSince: number | undefined;
  #meanwhileIsQueued = false;

  constructor(config: RaftNodeConfig) {
    this.#config = config;
    this.#node = config.node;
    this.#ticks = new TickGaps(config);
    this.#intake = new ProposalIntake({
      ...{ node: config.node, confChanges: this.#confChanges },
      refused: (id, reason) => config.handler.refused(id, reason),
      guard: (call) => this.#guard(call),
      wake: () => this.wake(),
      stopped: () => this.#stopped,
    });
    const onRead = (index: number): void => this.#tell(() => this.#node.entriesRead(index));
    this.#reader = new LogReader({ ...config, onRead, onFailure: (error) => this.#fail(error) });
    this.#storedTerm = config.storage.initialState().hardState.term;
  }

  start(): void {
    this.#nextTick = this.#config.clock.now();
    this.#tickLater();
    this.wake();
  }

  /** Stops after the current write. Raft's last state is on disk then. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#timer?.cancel();
    this.#reader.stop();
    await this.#running;
    await this.#save([], undefined);
  }

  /** Runs the loop after the I/O events that are being handled, so that proposals of one turn share a `Ready`. */
  wake(): void {
    if (this.#longSince !== undefined) this.#queueMeanwhile();
    if (this.#state !== "idle" || this.#stopped) return;
    this.#state = "scheduled";
    setImmediate(() => {
      this.#running = this.#run();
    });
  }

  /** Proposes data, as `ProposalIntake` says. */
  propose(id: RequestId, data: Uint8Array): void {
    this.#intake.propose(id, data);
  }

  proposeInTerm(id: RequestId, term: number, data: Uint8Array): void {
    this.#intake.proposeInTerm(id, term, data);
  }

  proposeConfChange(change: ConfChangeV1): void {
    this.#intake.proposeConfChange(change);
  }

  /** Forgets a proposal that still waits for a leader, since its proposer has given up. */
  withdraw(id: RequestId): void {
    this.#intake.withdraw(id);
  }

  /**
   * Passes a peer's message to raft.
   *
   * @throws RaftError when raft drops the message; EtcdError `tooManyRequests` when too many conf changes wait
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
    this.#intake.flush();
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

  /** Reports that everything up to `index` has been applied. Raft may have waited for that. */
  applied(index: number): void {
    this.#tell(() => {
      this.#node.applied(index);
      this.#releaseConfChanges();
    });
  }

  applyConfChange(change: ConfChange): ConfState {
    const confState = this.#node.applyConfChange(change);
    this.wake();
    return confState;
  }

  /** Campaigns as soon as all committed entries have been applied. For a member that is the only voter. */
  campaign(): void {
    this.#campaigning = true;
    this.wake();
  }

  /** Writes the record of a snapshot to the log. Resolves when it is on disk. */
  saveSnapshot(snapshot: Snapshot): Promise<void> {
    return new Promise((resolve) => {
      this.#snapshot = { snapshot, saved: resolve };
      this.wake();
    });
  }

  /** Tells raft something that it cannot refuse. */
  #tell(news: () => void): void {
    try {
      news();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.wake();
  }

  #tickLater(): void {
    const { clock, tickMs } = this.#config;
    const now = clock.now();
    // Ticks that were missed while the process slept are not repeated.
    this.#nextTick = Math.max(this.#nextTick + tickMs, now);
    this.#timer = clock.after(this.#nextTick - now, () => {
      this.#tickLater();
      try {
        this.#node.tick();
      } catch (error) {
        this.#fail(error);
      }
      this.#ticks.passed(() => this.#leading && this.#node.status().progress.size > 1);
      this.#config.handler.tick();
      this.wake();
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

  /** Whether raft has a `Ready`. */
  #prepare(): boolean {
    this.#config.handler.beforeReady();
    this.#intake.flush();
    if (this.#campaigning && !this.#node.hasReady() && this.#isUpToDate()) {
      this.#campaigning = false;
      this.#node.campaign();
    }
    return this.#node.hasReady() || this.#snapshot !== undefined;
  }

  /** Whether all entries known to be committed have been applied. */
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
    // The commit index may have moved within the stored entries. Messages contain it at once, so it is reported now.
    handler.commitMoved(this.#node.committed);
    if (ready.softState !== undefined) this.#leadership(ready.softState);
    if (ready.readStates.length > 0) handler.readStates(ready.readStates);
    const outbox = this.#sort(ready);
    if (outbox.now.length > 0) network.send(outbox.now);
    this.#reader.read(ready.reads);
    await (ready.snapshot === undefined ? this.#store(ready) : this.#restore(ready, ready.snapshot));
    if (outbox.stored.length > 0) network.send(outbox.stored);
    for (const message of outbox.snapshots) handler.sendSnapshot(message);
    this.#node.advance();
  }

  #sort(ready: Pick<Ready, "messages" | "mustSync" | "entries" | "snapshot">): Outbox {
    return sortMessages(ready, this.#leading, this.#storedTerm, (id) => this.#config.handler.isRemoved(id));
  }

  /** Does what need not wait for a long write, after the I/O events that are being handled. */
  #queueMeanwhile(): void {
    if (this.#meanwhileIsQueued) return;
    this.#meanwhileIsQueued = true;
    setImmediate(() => {
      try {
        this.#meanwhile();
      } catch (error) {
        this.#fail(error);
      }
      // Not before: reads that begin a round here wake the loop.
      this.#meanwhileIsQueued = false;
    });
  }

  #meanwhile(): void {
    const { handler, network, clock } = this.#config;
    if (this.#longSince === undefined || clock.now() - this.#longSince > meanwhileMsMax || this.#stopped) return;
    handler.beforeReady();
    this.#intake.flush();
    const { messages, readStates, committedEntries } = this.#node.meanwhile();
    handler.commitMoved(this.#node.committed);
    if (readStates.length > 0) handler.readStates(readStates);
    const { now, stored, snapshots } = this.#sort({ messages, mustSync: true, entries: [], snapshot: undefined });
    this.#node.giveBack([...stored, ...snapshots]);
    if (now.length > 0) network.send(now);
    if (committedEntries.length > 0) handler.committed(committedEntries);
  }

  async #store(ready: Ready): Promise<void> {
    const { handler, storage } = this.#config;
    const snapshot = this.#snapshot;
    this.#snapshot = undefined;
    if (ready.mustSync || ready.entries.length > 0 || snapshot !== undefined) {
      const saved = this.#save(ready.entries, snapshot?.snapshot);
      // If applying throws first, nobody awaits `saved`. Keep its rejection from surfacing as unhandled.
      saved.catch(() => undefined);
      if (ready.committedEntries.length > 0) {
        // The write begins before the next turn of the loop, and these entries are applied while it runs.
        await (overlaps(ready) ? saved : nextTurn());
        handler.committed(ready.committedEntries);
      }
      if (isLongWrite(ready.entries)) {
        this.#longSince = this.#config.clock.now();
        this.#queueMeanwhile();
      }
      await saved;
      this.#longSince = undefined;
      storage.append(ready.entries);
      snapshot?.saved();
    } else if (ready.committedEntries.length > 0) {
      handler.committed(ready.committedEntries);
    }
  }

  /** Replaces the log by a snapshot in a single write, so that a crash cannot leave half of either. */
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
    this.#leading = state.state === "StateLeader";
    this.#config.handler.leaderNews(state, this.#node.basicStatus().term);
    this.#releaseConfChanges();
    this.#intake.leaderMoved(state.lead !== noNode);
  }

  /** Calls raft. Any error but a `RaftError` is a broken invariant and stops the loop. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      if (!(error instanceof RaftError)) this.#fail(error);
      throw error;
    }
  }
}
