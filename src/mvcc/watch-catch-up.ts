import { setImmediate } from "node:timers/promises";
import type { Steps, WorkBudget } from "../base/index.js";
import type { History } from "./history.js";
import { HistoryAhead } from "./history-ahead.js";
import type { RecentChanges } from "./recent-changes.js";
import { WatchBacklog } from "./watch-backlog.js";
import { WatchBatches } from "./watch-batches.js";
import { ChangeEvent } from "./watch-events.js";
import type { WatchHistory } from "./watch-history.js";
import { noWatcher, type Watcher, type WatcherOwner } from "./watcher.js";
import { WatcherGroup } from "./watchers/watcher-group.js";
import type { WatcherTable } from "./watchers/watcher-table.js";

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
  readonly table: WatcherTable;
  /** The newest changes of `history`. */
  readonly recent: RecentChanges;
  /** Number of watchers that are not synced. */
  readonly behind: () => number;
  /** Called with a watcher that has been given everything up to the current revision. */
  readonly synced: (watcher: Watcher) => void;
  /** Called when history cannot be read or an assertion fails; nothing is caught up any more then. */
  readonly failed: (error: unknown) => void;
}

/**
 * Brings unsynced watchers up to date. A pass reads history forward, one chunk at a time with other work in between,
 * and delivers it to all watchers of the pass. An unsynced watcher joins when the pass reaches its next revision. A
 * watcher whose stream has no room is stalled (etcd calls it a victim): it leaves, and its next revision is recorded.
 * At the end of history the watchers of the pass become synced.
 *
 * The only await is the read of a chunk; every decision about what a watcher has received is made in one turn after it.
 * The newest revisions are kept in memory, so that the last steps of a pass need not wait. Otherwise it might never
 * end.
 */
export class CatchUp {
  readonly #history: WatchHistory;
  readonly #table: WatcherTable;
  readonly #ahead: HistoryAhead;
  readonly #recent: RecentChanges;
  readonly #synced: (watcher: Watcher) => void;
  readonly #failed: (error: unknown) => void;
  readonly #behind: () => number;
  readonly #backlog: WatchBacklog;
  /**
   * Watchers of the pass: everything before `#position` has been delivered to them, and nothing from it on.
   */
  readonly #catchingUp: WatcherGroup;
  /** The first of all watchers of the pass. */
  #firstOfPass = noWatcher;
  /** Events that the pass is delivering, for each watcher. */
  #batches = new WatchBatches();
  #position = 0;
  /** Streams with stalled watchers that had room when they last reported it. */
  readonly #returning = new Set<WatcherOwner>();
  #running = false;
  #closed = false;

  constructor({ history, table, recent, behind, synced, failed }: CatchUpOptions) {
    this.#history = history;
    this.#table = table;
    this.#backlog = new WatchBacklog(table);
    this.#catchingUp = new WatcherGroup(table, 1);
    this.#ahead = new HistoryAhead(history, changesPerStep);
    this.#recent = recent;
    this.#behind = behind;
    this.#synced = synced;
    this.#failed = failed;
  }

  /** Adds a watcher that needs history from `nextRevision` on. */
  add(watcher: Watcher, nextRevision: number): void {
    this.#table.setNextRevision(watcher, nextRevision);
    this.#table.stream(watcher).moved(watcher, "unsynced");
    this.#backlog.add(watcher, this.#position);
    this.#start();
  }

  /** Sets a watcher aside whose stream has no room, until the stream calls `resume`. */
  stall(watcher: Watcher, nextRevision: number): void {
    this.#table.setNextRevision(watcher, nextRevision);
    this.#table.stream(watcher).moved(watcher, "stalled");
  }

  /** The stream has room for some of its stalled watchers. */
  resume(stream: WatcherOwner): void {
    this.#returning.add(stream);
    this.#start();
  }

  /** Removes a watcher from the place that keeps it. */
  remove(watcher: Watcher): void {
    const place = this.#table.place(watcher);
    if (place === "unsynced") this.#backlog.delete(watcher);
    else if (place === "catchingUp") this.#leavePass(watcher);
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
      while (!this.#closed && this.#catchingUp.size + this.#backlog.size + this.#returning.size > 0) {
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
    this.#skipToNext();
    this.#stallFull();
    if (this.#catchingUp.size === 0) return;
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
    if (this.#position > this.#history.revision) this.#markSynced();
  }

  #takeReturning(): void {
    const again: WatcherOwner[] = [];
    let taken = 0;
    for (const stream of this.#returning) {
      if (taken >= watchersPerStep) break;
      this.#returning.delete(stream);
      let ofStream = 0;
      for (let watcher = stream.firstStalled; watcher !== noWatcher; watcher = stream.firstStalled) {
        if (!stream.hasRoom) break;
        if (ofStream === returningPerStep) {
          again.push(stream);
          break;
        }
        this.add(watcher, this.#table.nextRevision(watcher));
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
      for (let first = this.#firstOfPass; first !== noWatcher; first = this.#firstOfPass) {
        if (overtaken.length >= watchersPerStep) break;
        this.#leavePass(first);
        this.#table.setNextRevision(first, this.#position);
        overtaken.push(first);
      }
    }
    for (const watcher of overtaken) {
      const stream = this.#table.stream(watcher);
      if (stream.offerCompacted(watcher, compacted)) stream.moved(watcher, "over");
      else this.stall(watcher, this.#table.nextRevision(watcher));
    }
    return overtaken.length > 0;
  }

  /** When the pass has no watcher left, it continues at the first revision that an unsynced watcher needs. */
  #skipToNext(): void {
    if (this.#catchingUp.size > 0) return;
    const next = this.#backlog.nextStart();
    if (next === undefined) return;
    this.#position = next;
    this.#join(next);
  }

  #join(through: number): void {
    for (const watcher of this.#backlog.takeThrough(through)) {
      this.#table.stream(watcher).moved(watcher, "catchingUp");
      this.#catchingUp.add(watcher);
      this.#firstOfPass = this.#table.inPlace.append(this.#firstOfPass, watcher);
    }
  }

  #leavePass(watcher: Watcher): void {
    this.#catchingUp.delete(watcher);
    this.#firstOfPass = this.#table.inPlace.remove(this.#firstOfPass, watcher);
    this.#batches.delete(watcher);
  }

  #markSynced(): void {
    for (let moved = 0; moved < watchersPerStep && this.#firstOfPass !== noWatcher; moved++) {
      const watcher = this.#firstOfPass;
      this.#leavePass(watcher);
      this.#synced(watcher);
    }
  }

  /** Stalls watchers of the pass whose stream has no room before history is read, since they could not accept it. */
  #stallFull(): void {
    for (let watcher = this.#firstOfPass; watcher !== noWatcher; ) {
      const next = this.#table.inPlace.next(watcher);
      if (!this.#table.stream(watcher).hasRoom) {
        this.#leavePass(watcher);
        this.stall(watcher, this.#position);
      }
      watcher = next;
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
    // A watcher that is cancelled between two steps leaves the batches, too: its number may be given to another one.
    this.#batches = new WatchBatches();
    const through = yield* this.#gather(read, budget);
    this.#position = through + 1;
    for (const [watcher, batch] of this.#batches) {
      if (!this.#table.stream(watcher).offer(watcher, through, batch)) {
        this.#leavePass(watcher);
        this.stall(watcher, batch.firstRevision);
      }
      if (budget.over(0)) yield;
    }
    this.#batches = new WatchBatches();
  }

  /**
   * Gathers the events of each watcher of the pass from `#position` on. Unsynced watchers that need a revision on the
   * way join.
   *
   * @returns the last revision of which all events are gathered
   */
  *#gather({ changes, through }: History, budget: WorkBudget): Steps<number> {
    const batches = this.#batches;
    let gathered = 0;
    let revision = this.#position - 1;
    for (const change of changes) {
      if (change.modRevision !== revision) {
        if (gathered >= eventsPerStep) return change.modRevision - 1;
        revision = change.modRevision;
        this.#join(revision);
        // A watcher that is added between two steps and needs this revision or an earlier one waits for the next pass.
        this.#position = revision + 1;
      }
      const event = new ChangeEvent(change, this.#history, this.#table);
      for (const watcher of this.#catchingUp.eachOf(change.key)) {
        gathered++;
        batches.add(watcher, event);
        if (budget.over(0)) yield;
      }
      if (budget.over(event.encodedBytes)) yield;
    }
    this.#join(through);
    return through;
  }
}
