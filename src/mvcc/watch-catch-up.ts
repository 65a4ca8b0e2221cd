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

/** Most changes that one step reads, and so that one message of the past holds; a larger revision is still whole. */
const changesPerStep = 1_000;
/** A step ends after the revision in which it has gathered this many events, over all watchers. */
const eventsPerStep = 20_000;
/** Most watchers that one step moves from one place to another, whatever the reason. */
const watchersPerStep = 1_000;
/** Most watchers of one stream that a step brings back: there is rarely room for all of them. */
const returningPerStep = 200;

export interface CatchUpOptions {
  readonly history: WatchHistory;
  /** Kept as new as `history`. */
  readonly recent: RecentChanges;
  /** How many watchers are not synced. */
  readonly behind: () => number;
  /** Takes a watcher that was handed everything up to the current revision. */
  readonly synced: (watcher: Watcher) => void;
  /** Hears that history cannot be read, or that a fact does not hold; the sweep has ended then. */
  readonly failed: (error: unknown) => void;
}

/**
 * Brings watchers that need the past up to the present: a sweep reads history forward, a chunk at a time with other
 * work in between, and hands it to all who ride along. Who waits further on joins as the sweep passes; whoever has
 * no room gets off and remembers where. At the end of history the riders go over to the synced watchers.
 *
 * The only await is the read of a chunk; everything that decides what a watcher has seen happens at once after it.
 * The newest revisions are kept in memory: the last steps of a sweep wait for nothing, or they would never end.
 */
export class CatchUp {
  readonly #history: WatchHistory;
  readonly #ahead: HistoryAhead;
  readonly #recent: RecentChanges;
  readonly #synced: (watcher: Watcher) => void;
  readonly #failed: (error: unknown) => void;
  readonly #behind: () => number;
  readonly #backlog = new WatchBacklog();
  /** They were handed everything before `#position` and nothing from it on. */
  readonly #riders = new WatcherGroup();
  #position = 0;
  /** Streams that have stalled watchers, and had room when last heard of. */
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

  /** Takes a watcher that is to hear of history from `nextRevision` on. */
  add(watcher: Watcher, nextRevision: number): void {
    watcher.nextRevision = nextRevision;
    watcher.stream.moved(watcher, "waiting");
    this.#backlog.add(watcher, this.#position);
    this.#start();
  }

  /** Takes a watcher whose stream has no room, until the stream comes back. */
  stall(watcher: Watcher, nextRevision: number): void {
    watcher.nextRevision = nextRevision;
    watcher.stream.moved(watcher, "stalled");
  }

  /** The stream has room for some of its stalled watchers. */
  resume(stream: WatcherOwner): void {
    this.#returning.add(stream);
    this.#start();
  }

  /** Lets go of a watcher, wherever it is. */
  remove(watcher: Watcher): void {
    if (watcher.place === "waiting") this.#backlog.delete(watcher);
    else if (watcher.place === "riding") this.#riders.delete(watcher);
  }

  removeStream(stream: WatcherOwner): void {
    this.#returning.delete(stream);
  }

  /** The store's history is another one. */
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
        // First of all the rest of this turn: whoever created a watcher has yet to say so to its client.
        await setImmediate();
        await this.#step();
      }
    } catch (error) {
      this.#closed = true;
      this.#failed(error);
    }
    this.#running = false;
    // What was read is kept while watchers are stalled: they go on about where they stopped.
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
      // A compaction that came meanwhile may have removed what should be here: the next step cancels for it.
      if (this.#closed || this.#history.compactedRevision > from) return;
      await this.#deliver(read);
    } else {
      // Mostly it is done at once: nothing is to be awaited then.
      const delivering = this.#deliver(recent);
      if (delivering !== undefined) await delivering;
    }
    // At once: when writes come in every turn, the next step would be behind again.
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

  /** Ends watchers that compaction overtook. @returns whether there were any */
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

  /** With nobody to carry, the sweep goes on where the next one waits. */
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

  /** Riders whose stream has no room get off before history is read: they would not take it. */
  #letOff(): void {
    for (const watcher of this.#riders.watchers()) {
      if (watcher.stream.hasRoom) continue;
      this.#riders.delete(watcher);
      this.stall(watcher, this.#position);
    }
  }

  /** @returns resolves when it is done; undefined when it is done already */
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

  /** A single revision may be large, or heard by many. Riders may be cancelled between two steps. */
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

  /** What each rider hears of the revisions from `#position` to `through`; who waits on the way gets on. */
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
