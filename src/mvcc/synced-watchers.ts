import type { Steps, WorkBudget } from "../base/index.js";
import type { Change } from "./change.js";
import type { ChangeList } from "./change-list.js";
import { WatchBatches } from "./watch-batches.js";
import { ChangeEvent } from "./watch-events.js";
import type { WatchHistory } from "./watch-history.js";
import type { EventBatch, Watcher, WatcherOwner } from "./watcher.js";
import { WatcherGroup } from "./watchers/watcher-group.js";
import type { WatcherTable } from "./watchers/watcher-table.js";

/** The most events of one revision, over all watchers, that are delivered at once; more are delivered in steps. */
const eventsAtOnce = 2_000;
/** The most bytes of changes that are delivered at once. */
const bytesAtOnce = 1024 * 1024;
/** Assumed size of a previous pair that an event may need and that is not in memory. */
const unreadBytes = 64 * 1024;
/** Cost of delivering one event, in the unit of `WorkBudget`: bytes that could be read in the same time. */
const bytesOfOffer = 32;

/**
 * Watchers that have been given everything up to the store's revision, or start later. Each write is delivered to them
 * once it is readable: a small one at once, a large one in steps, with other work of the event loop between them. No
 * other write ends during these steps. A watcher that becomes synced meanwhile already has the changes of that write,
 * or does not want them; no stream is told of progress meanwhile.
 */
export class SyncedWatchers {
  readonly #history: WatchHistory;
  readonly #table: WatcherTable;
  readonly #stall: (watcher: Watcher, revision: number) => void;
  readonly #group: WatcherGroup;
  /** Watchers that became synced while a write is being delivered: created after it, or given it from the history. */
  readonly #joining = new Set<Watcher>();
  /** Streams to be told when the write has been delivered to all watchers. */
  readonly #waiting = new Set<WatcherOwner>();
  #telling = false;
  /** Events of the write that is being delivered in steps, for each watcher. */
  #batches = new WatchBatches();

  /** @param stall called with a watcher, already deleted here, whose stream has no room for the events of `revision` */
  constructor(history: WatchHistory, table: WatcherTable, stall: (watcher: Watcher, revision: number) => void) {
    this.#history = history;
    this.#table = table;
    this.#group = new WatcherGroup(table, 0);
    this.#stall = stall;
  }

  get size(): number {
    return this.#group.size + this.#joining.size;
  }

  /** A write is readable, but has not been delivered to all of these watchers yet. */
  get telling(): boolean {
    return this.#telling;
  }

  add(watcher: Watcher): void {
    if (this.#telling) this.#joining.add(watcher);
    else this.#group.add(watcher);
  }

  delete(watcher: Watcher): void {
    if (this.#joining.delete(watcher)) return;
    this.#group.delete(watcher);
    this.#batches.delete(watcher);
  }

  /** Calls the stream's `told` once the write under way has been delivered to all watchers. */
  whenTold(stream: WatcherOwner): void {
    this.#waiting.add(stream);
  }

  forgetStream(stream: WatcherOwner): void {
    this.#waiting.delete(stream);
  }

  /** Delivers the changes of a revision. @returns the steps that are left, if any */
  tell(revision: number, changes: ChangeList, budget: WorkBudget): Steps<void> | undefined {
    if (this.#group.size === 0) return undefined;
    const [first] = changes;
    const single = changes.length === 1 ? first : undefined;
    const watched = changes.wanted((low, high) => this.#table.ranges.mayMeet(low, high));
    if (this.#isLarge(watched)) {
      this.#telling = true;
      return single === undefined
        ? this.#tellInSteps(revision, watched, budget)
        : this.#tellOneInSteps(revision, single, budget);
    }
    if (single !== undefined) {
      this.#tellOne(revision, single);
      return undefined;
    }
    const batches = new WatchBatches();
    for (const change of watched) {
      const event = new ChangeEvent(change, this.#history, this.#table);
      this.#group.forEachOf(change.key, (watcher) => {
        if (this.#table.nextRevision(watcher) <= revision) batches.add(watcher, event);
      });
    }
    for (const [watcher, batch] of batches) this.#offer(watcher, revision, batch);
    return undefined;
  }

  /** Delivers a revision with a single change, as nearly all are. */
  #tellOne(revision: number, change: Change): void {
    const event = new OnlyEvent(change, this.#history, this.#table);
    this.#group.forEachOf(change.key, (watcher) => this.#offerOne(watcher, revision, event));
  }

  /** Like `tellOne`, when there are very many watchers, or the change is long. */
  *#tellOneInSteps(revision: number, change: Change, budget: WorkBudget): Steps<void> {
    const event = new OnlyEvent(change, this.#history, this.#table);
    let encodedBytes = 0;
    // The walk goes on when a watcher has no room and leaves the list.
    for (const watcher of this.#group.eachOf(change.key)) {
      this.#offerOne(watcher, revision, event);
      const newBytes = event.encodedBytes - encodedBytes;
      encodedBytes += newBytes;
      if (budget.over(bytesOfOffer + newBytes)) yield;
    }
    this.#endTelling();
  }

  #isLarge(changes: Iterable<Change>): boolean {
    let events = 0;
    let bytes = 0;
    for (const { key, kv, previous, version } of changes) {
      events += 1 + this.#group.estimateOf(key);
      bytes += kv.length + (previous?.length ?? (version === 1 ? 0 : unreadBytes));
      if (events > eventsAtOnce || bytes > bytesAtOnce) return true;
    }
    return false;
  }

  *#tellInSteps(revision: number, changes: Iterable<Change>, budget: WorkBudget): Steps<void> {
    // A watcher that is deleted between two steps leaves the batches, too: its number may be given to another one.
    const batches = this.#batches;
    for (const change of changes) {
      const event = new ChangeEvent(change, this.#history, this.#table);
      for (const watcher of this.#group.eachOf(change.key)) {
        if (this.#table.nextRevision(watcher) <= revision) batches.add(watcher, event);
        if (budget.over(0)) yield;
      }
      if (budget.over(event.encodedBytes)) yield;
    }
    yield* this.#offerInSteps(revision, budget);
  }

  /** Offers the batches, with which the write has been delivered. */
  *#offerInSteps(revision: number, budget: WorkBudget): Steps<void> {
    for (const [watcher, batch] of this.#batches) {
      this.#offer(watcher, revision, batch);
      if (budget.over(batch.events.length * bytesOfOffer)) yield;
    }
    this.#batches = new WatchBatches();
    this.#endTelling();
  }

  /** The write has been delivered to all watchers. */
  #endTelling(): void {
    this.#telling = false;
    for (const watcher of this.#joining) this.#group.add(watcher);
    this.#joining.clear();
    for (const stream of this.#waiting) stream.told();
    this.#waiting.clear();
  }

  #offerOne(watcher: Watcher, revision: number, event: OnlyEvent): void {
    const batch = this.#table.nextRevision(watcher) <= revision ? event.for(watcher) : undefined;
    if (batch !== undefined) this.#offer(watcher, revision, batch);
  }

  #offer(watcher: Watcher, revision: number, batch: EventBatch): void {
    if (this.#table.stream(watcher).offer(watcher, revision, batch)) return;
    this.delete(watcher);
    this.#stall(watcher, revision);
  }
}

/** The event of a revision with a single change. Its watchers share one batch. */
class OnlyEvent {
  readonly #event: ChangeEvent;
  #batch: EventBatch | undefined;

  constructor(change: Change, history: WatchHistory, table: WatcherTable) {
    this.#event = new ChangeEvent(change, history, table);
  }

  /** Bytes encoded so far. */
  get encodedBytes(): number {
    return this.#event.encodedBytes;
  }

  /** The batch for a watcher; undefined when the watcher does not want the event. */
  for(watcher: Watcher): EventBatch | undefined {
    const encoded = this.#event.for(watcher);
    if (encoded === undefined) return undefined;
    // The event of a watcher that wants the previous pair differs.
    if (this.#batch?.events[0] !== encoded) {
      this.#batch = { events: [encoded], firstRevision: this.#event.change.modRevision, bytes: encoded.length };
    }
    return this.#batch;
  }
}
