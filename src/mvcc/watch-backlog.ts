import { RevisionHeap } from "./revision-heap.js";
import { noWatcher, type Watcher } from "./watcher.js";
import type { WatcherTable } from "./watchers/watcher-table.js";

/**
 * Unsynced watchers that no pass through history has reached, by the revision they need next. A pass only moves
 * forward: the watchers ahead of it join on the way, and those behind it wait for the next pass. So no watcher starves,
 * and history is read once for all of them, not once for each.
 */
export class WatchBacklog {
  readonly #table: WatcherTable;
  /**
   * The first of the watchers that need a revision next. An emptied list stays until its revision leaves the heap: each
   * revision is in a heap only once.
   */
  readonly #waiting = new Map<number, Watcher>();
  #ahead = new RevisionHeap();
  #later = new RevisionHeap();
  #size = 0;

  constructor(table: WatcherTable) {
    this.#table = table;
  }

  get size(): number {
    return this.#size;
  }

  /** @param position the revision that the current pass reads next */
  add(watcher: Watcher, position: number): void {
    const revision = this.#table.nextRevision(watcher);
    const first = this.#waiting.get(revision);
    this.#size++;
    this.#waiting.set(revision, this.#table.inPlace.append(first ?? noWatcher, watcher));
    if (first === undefined) (revision >= position ? this.#ahead : this.#later).push(revision);
  }

  /** Removes a watcher, which is in the backlog. */
  delete(watcher: Watcher): void {
    const revision = this.#table.nextRevision(watcher);
    this.#waiting.set(revision, this.#table.inPlace.remove(this.#waiting.get(revision) ?? noWatcher, watcher));
    this.#size--;
  }

  /** The revision at which the pass continues when it has no watcher left; undefined when nobody waits. */
  nextStart(): number | undefined {
    if (this.#size === 0) return undefined;
    const first = this.#firstOccupied(this.#ahead);
    if (first !== undefined) return first;
    [this.#ahead, this.#later] = [this.#later, this.#ahead];
    return this.#firstOccupied(this.#ahead);
  }

  /** Removes and returns the watchers ahead of the pass that continue from `revision` or earlier. */
  takeThrough(revision: number): Watcher[] {
    return this.#take(this.#ahead, revision, Number.POSITIVE_INFINITY);
  }

  /**
   * Removes and returns at most about `most` watchers that continue from before `revision`, on either side of the
   * pass.
   */
  takeBefore(revision: number, most: number): Watcher[] {
    const taken = this.#take(this.#ahead, revision - 1, most);
    if (taken.length < most) taken.push(...this.#take(this.#later, revision - 1, most - taken.length));
    return taken;
  }

  #take(heap: RevisionHeap, through: number, most: number): Watcher[] {
    const { inPlace } = this.#table;
    const taken: Watcher[] = [];
    for (let first = heap.first; first !== undefined && first <= through && taken.length < most; first = heap.first) {
      let watcher = this.#waiting.get(first) ?? noWatcher;
      while (watcher !== noWatcher && taken.length < most) {
        taken.push(watcher);
        watcher = inPlace.remove(watcher, watcher);
      }
      if (watcher !== noWatcher) {
        this.#waiting.set(first, watcher);
        break;
      }
      this.#waiting.delete(first);
      heap.pop();
    }
    this.#size -= taken.length;
    return taken;
  }

  #firstOccupied(heap: RevisionHeap): number | undefined {
    for (let first = heap.first; first !== undefined; first = heap.first) {
      if ((this.#waiting.get(first) ?? noWatcher) !== noWatcher) return first;
      this.#waiting.delete(first);
      heap.pop();
    }
    return undefined;
  }
}
