import type { Steps, WorkBudget } from "../base/index.js";
import type { Change } from "./change.js";
import { addToBatch, ChangeEvent } from "./watch-events.js";
import type { WatchHistory } from "./watch-history.js";
import type { EventBatch, Watcher, WatcherOwner } from "./watcher.js";
import { WatcherGroup } from "./watcher-group.js";

/** Events of one revision, over all watchers, that are told at once; more are told in steps. */
const eventsAtOnce = 500;
/** Bytes of changes that are told at once. */
const bytesAtOnce = 1024 * 1024;
/** How large a pair is taken to be that an event may need and that is not in memory. */
const unreadBytes = 64 * 1024;
/** Handing over one event costs as much as going through so many bytes. */
const bytesOfOffer = 32;

/**
 * Watchers that were handed everything up to the store's revision, or start later. Each write is told to them when it
 * is readable: a small one at once, a large one in steps, with others running in between. While it is being told, no
 * other write ends; whoever becomes synced meanwhile has nothing to hear of it, and no stream is told of its progress.
 */
export class SyncedWatchers {
  readonly #history: WatchHistory;
  readonly #stall: (watcher: Watcher, revision: number) => void;
  readonly #group = new WatcherGroup();
  /** Became synced while a write is being told: created after it, or having read it in the history. */
  readonly #joining = new Set<Watcher>();
  /** Streams that wait for the end of it. */
  readonly #waiting = new Set<WatcherOwner>();
  #telling = false;

  /** @param stall takes a watcher, already deleted here, whose stream has no room for the events of `revision` */
  constructor(history: WatchHistory, stall: (watcher: Watcher, revision: number) => void) {
    this.#history = history;
    this.#stall = stall;
  }

  get size(): number {
    return this.#group.size + this.#joining.size;
  }

  /** A write is readable, and some of these watchers have not heard of it yet. */
  get telling(): boolean {
    return this.#telling;
  }

  watchers(): Watcher[] {
    return [...this.#group.watchers(), ...this.#joining];
  }

  add(watcher: Watcher): void {
    if (this.#telling) this.#joining.add(watcher);
    else this.#group.add(watcher);
  }

  delete(watcher: Watcher): void {
    this.#joining.delete(watcher);
    this.#group.delete(watcher);
  }

  /** Has the stream hear (`told`) when the write that is being told has been told to all. */
  whenTold(stream: WatcherOwner): void {
    this.#waiting.add(stream);
  }

  forgetStream(stream: WatcherOwner): void {
    this.#waiting.delete(stream);
  }

  /** Tells the changes of a revision. @returns what is left of it */
  tell(revision: number, changes: readonly Change[], budget: WorkBudget): Steps<void> | undefined {
    if (this.#group.size === 0) return undefined;
    if (this.#isLarge(changes)) {
      this.#telling = true;
      return this.#tellInSteps(revision, changes, budget);
    }
    const batches = new Map<Watcher, EventBatch>();
    for (const change of changes) {
      const event = new ChangeEvent(change, this.#history);
      this.#group.forEachOf(change.key, (watcher) => {
        if (watcher.options.startRevision <= revision) addToBatch(batches, watcher, event);
      });
    }
    for (const [watcher, batch] of batches) this.#offer(watcher, revision, batch);
    return undefined;
  }

  #isLarge(changes: readonly Change[]): boolean {
    let events = 0;
    let bytes = 0;
    for (const { key, kv, previous, version } of changes) {
      events += 1 + this.#group.countOf(key);
      bytes += kv.length + (previous?.length ?? (version === 1 ? 0 : unreadBytes));
      if (events > eventsAtOnce || bytes > bytesAtOnce) return true;
    }
    return false;
  }

  *#tellInSteps(revision: number, changes: readonly Change[], budget: WorkBudget): Steps<void> {
    const batches = new Map<Watcher, EventBatch>();
    for (const change of changes) {
      const event = new ChangeEvent(change, this.#history);
      for (const watchers of this.#group.setsOf(change.key)) {
        for (const watcher of watchers) {
          if (watcher.options.startRevision <= revision) addToBatch(batches, watcher, event);
          if (budget.over(0)) yield;
        }
      }
      if (budget.over(event.encodedBytes)) yield;
    }
    for (const [watcher, batch] of batches) {
      // It may have been cancelled since.
      if (watcher.place === "synced") this.#offer(watcher, revision, batch);
      if (budget.over(batch.events.length * bytesOfOffer)) yield;
    }
    this.#telling = false;
    for (const watcher of this.#joining) this.#group.add(watcher);
    this.#joining.clear();
    for (const stream of this.#waiting) stream.told();
    this.#waiting.clear();
  }

  #offer(watcher: Watcher, revision: number, batch: EventBatch): void {
    if (watcher.stream.offer(watcher, revision, batch)) return;
    this.#group.delete(watcher);
    this.#stall(watcher, revision);
  }
}
