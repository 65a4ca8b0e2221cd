import { setImmediate } from "node:timers/promises";
import type { Steps, WorkBudget } from "../base/index.js";
import type { History } from "./history.js";
import { HistoryAhead } from "./history-ahead.js";
import type { RecentChanges } from "./recent-changes.js";
import { WatchBacklog } from "./watch-backlog.js";
import { addToBatch, ChangeEvent } from "./watch-events.js";
import type { WatchHistory } from "./watch-history.js";
import type { EventBatch, Watcher, WatcherOwner } from "./watcher.js";
import { WatcherGroup } from "./watcher-group.js";

/**
 * The most changes that one step reads, and so that one message about the past holds; a larger revision is still whole.
 */
const changesPerStep = 1_000;
/** A step ends after the revision with which it has gathered this many events, over all watchers. */
const eventsPerStep = 20_000;
/** The most watchers that one step moves from one place to another, for whatever reason. */
const watchersPerStep = 1_000;
/** The most stalled watchers of one stream that a step resumes: there is rarely room for all of them. */
const returningPerStep = 200;

export interface CatchUpOptions {
  readonly history: WatchHistory;
  /** The newest changes of `history`. */
  readonly recent: RecentChanges;
  /** Number of watchers that are not synced. */
  readonly behind: () => number;
  /** Called with a watcher that has been given everything up to the current revision. */
  readonly synced: (watcher: Watcher) => void;
  /** Called when history cannot be read or an assertion fails; the sweep has ended then. */
  readonly failed: (error: unknown) => void;
}

/**
 * Brings watchers that need history up to date. A sweep reads history forward, one chunk at a time with other work in
 * between, and delivers it to all watchers that it carries. A waiting watcher joins when the sweep reaches its next
 * revision; a watcher whose stream has no room leaves, and its next revision is recorded. At the end of history the
 * carried watchers become synced.
 *
 * The only await is the read of a chunk; every decision about what a watcher has received is made in one turn after it.
 * The newest revisions are kept in memory, so that the last steps of a sweep need not wait. Otherwise it might never
 * end.
 */
export class CatchUp {
  readonly #history: WatchHistory;
  readonly #ahead: HistoryAhead;
  readonly #recent: RecentChanges;
  readonly #synced: (watcher: Watcher) => void;
  readonly #failed: (error: unknown) => void;
  readonly #behind: () => number;
  readonly #backlog = new WatchBacklog();
  /**
   * Watchers that the sweep carries: everything before `#position` has been delivered to them, and nothing from it on.
   */
  readonly #riders = new WatcherGroup();
  #position = 0;
  /** Streams with stalled watchers that had room when they last reported it. */
  readonly #returning = new Set<WatcherOwner>();
  #running = false;
  #closed = false;

  constructor({ history, recent, behind, synced, failed }: CatchUpOptions) {
    this.#history = history;
    this.#ahead = new HistoryAhead(history, changesPerStep);
    this.#recent = recent;
    this.#behind = behind;
    this.#synced = synced;
    this.#failed = failed;
  }

  /** Adds a watcher that needs history from `nextRevision` on. */
  add(watcher: Watcher, nextRevision: number): void {
    watcher.nextRevision = nextRevision;
    watcher.stream.moved(watcher, "waiting");
    this.#backlog.add(watcher, this.#position);
    this.#start();
  }

  /** Sets a watcher aside whose stream has no room, until the stream calls `resume`. */
  stall(watcher: Watcher, nextRevision: number): void {
    watcher.nextRevision = nextRevision;
    watcher.stream.moved(watcher, "stalled");
  }

  /** The stream has room for some of its stalled watchers. */
  resume(stream: WatcherOwner): void {
    this.#returning.add(stream);
    this.#start();
  }

  /** Removes a watcher, wherever it is kept. */
  remove(watcher: Watcher): void {
    if (watcher.place === "waiting") this.#backlog.delete(watcher);
    else if (watcher.place === "riding") this.#riders.delete(watcher);
  }

  removeStream(stream: WatcherOwner): void {
    this.#returning.delete(stream);
  }

  /** Drops history that was read ahead: the store has another history now. */
  restored(): void {
    this.#ahead.clear();
  }

  close(): void {
    this.#closed = true;
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      while (!this.#closed && this.#riders.size + this.#backlog.size + this.#returning.size > 0) {
        // Let this turn finish first: whoever created a watcher still has to confirm it to its client.
        await setImmediate();
        await this.#step();
      }
    } catch (error) {
      this.#closed = true;
      this.#failed(error);
    }
    this.#running = false;
    // History that was read is kept while watchers are stalled, since they resume near the point where they stopped.
    if (!this.#ahead.empty && (this.#closed || this.#behind() === 0)) this.#ahead.clear();
  }

  async #step(): Promise<void> {
    this.#takeReturning();
    if (this.#cancelCompacted()) return;
    this.#takeStop();
    this.#letOff();
    if (this.#riders.size === 0) return;
    const from = this.#position;
    const recent = this.#recent.from(from);
    if (recent === undefined) {
      const read = await this.#ahead.from(from);
      // A compaction may have removed some of this history meanwhile; the next step then cancels the watchers that need
      // it.
      if (this.#closed || this.#history.compactedRevision > from) return;
      await this.#deliver(read);
    } else {
      // Mostly the delivery is done at once, and nothing needs to be awaited.
      const delivering = this.#deliver(recent);
      if (delivering !== undefined) await delivering;
    }
    // Do this in the same turn: when writes come in every turn, the next step would be behind again.
    if (this.#position > this.#history.revision) this.#handOver();
  }

  #takeReturning(): void {
    const again: WatcherOwner[] = [];
    let taken = 0;
    for (const stream of this.#returning) {
      if (taken >= watchersPerStep) break;
      this.#returning.delete(stream);
      let ofStream = 0;
      for (const watcher of stream.stalled()) {
        if (!stream.hasRoom) break;
        if (ofStream === returningPerStep) {
          again.push(stream);
          break;
        }
        this.add(watcher, watcher.nextRevision);
        ofStream++;
      }
      taken += ofStream;
    }
    for (const stream of again) this.#returning.add(stream);
  }

  /** Cancels watchers whose next revision has been compacted. @returns whether there were any */
  #cancelCompacted(): boolean {
    const compacted = this.#history.compactedRevision;
    const overtaken = this.#backlog.takeBefore(compacted, watchersPerStep);
    if (this.#position < compacted) {
      for (const watcher of this.#riders.watchers()) {
        if (overtaken.length >= watchersPerStep) break;
        this.#riders.delete(watcher);
        watcher.nextRevision = this.#position;
        overtaken.push(watcher);
      }
    }
    for (const watcher of overtaken) {
      if (watcher.stream.offerCompacted(watcher, compacted)) watcher.stream.moved(watcher, "over");
      else this.stall(watcher, watcher.nextRevision);
    }
    return overtaken.length > 0;
  }

  /** When no watcher is left to carry, the sweep continues at the next revision that one waits for. */
  #takeStop(): void {
    if (this.#riders.size > 0) return;
    const stop = this.#backlog.nextStop();
    if (stop === undefined) return;
    this.#position = stop;
    this.#takeAlong(stop);
  }

  #takeAlong(through: number): void {
    for (const watcher of this.#backlog.takeThrough(through)) {
      watcher.stream.moved(watcher, "riding");
      this.#riders.add(watcher);
    }
  }

  #handOver(): void {
    let moved = 0;
    for (const watcher of this.#riders.watchers()) {
      if (moved++ === watchersPerStep) return;
      this.#riders.delete(watcher);
      this.#synced(watcher);
    }
  }

  /** Removes carried watchers whose stream has no room before history is read, since they could not accept it. */
  #letOff(): void {
    for (const watcher of this.#riders.watchers()) {
      if (watcher.stream.hasRoom) continue;
      this.#riders.delete(watcher);
      this.stall(watcher, this.#position);
    }
  }

  /** @returns resolves when all is delivered; undefined when that is so already */
  #deliver(read: History): Promise<void> | undefined {
    const turns = this.#history.turns();
    const steps = this.#deliverInSteps(read, turns);
    return steps.next().done === true ? undefined : this.#goOn(steps, turns);
  }

  async #goOn(steps: Steps<void>, turns: ReturnType<WatchHistory["turns"]>): Promise<void> {
    do {
      await turns.rest();
    } while (!this.#closed && steps.next().done !== true);
  }

  /**
   * Delivers in steps, since a single revision may be large, or wanted by many watchers. Watchers may be cancelled
   * between two steps.
   */
  *#deliverInSteps(read: History, budget: WorkBudget): Steps<void> {
    const { batches, through } = yield* this.#gather(read, budget);
    this.#position = through + 1;
    for (const [watcher, batch] of batches) {
      if (watcher.place === "riding" && !watcher.stream.offer(watcher, through, batch)) {
        this.#riders.delete(watcher);
        this.stall(watcher, batch.firstRevision);
      }
      if (budget.over(0)) yield;
    }
  }

  /**
   * Gathers the events of each carried watcher in the revisions from `#position` to `through`. Watchers that wait on
   * the way join.
   */
  *#gather(
    { changes, through }: History,
    budget: WorkBudget,
  ): Steps<{ batches: Map<Watcher, EventBatch>; through: number }> {
    const batches = new Map<Watcher, EventBatch>();
    let gathered = 0;
    let revision = this.#position - 1;
    for (const change of changes) {
      if (change.modRevision !== revision) {
        if (gathered >= eventsPerStep) return { batches, through: change.modRevision - 1 };
        revision = change.modRevision;
        this.#takeAlong(revision);
        // A watcher that joins between two steps and needs this revision or an earlier one is too late for this sweep.
        this.#position = revision + 1;
      }
      const event = new ChangeEvent(change, this.#history);
      for (const watchers of this.#riders.setsOf(change.key)) {
        for (const watcher of watchers) {
          gathered++;
          addToBatch(batches, watcher, event);
          if (budget.over(0)) yield;
        }
      }
      if (budget.over(event.encodedBytes)) yield;
    }
    this.#takeAlong(through);
    return { batches, through };
  }
}
