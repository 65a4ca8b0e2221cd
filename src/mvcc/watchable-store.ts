import { StoreCounters } from "./counters.js";
import { RecentChanges } from "./recent-changes.js";
import { SyncedWatchers } from "./synced-watchers.js";
import { CatchUp } from "./watch-catch-up.js";
import type { WatchHistory } from "./watch-history.js";
import { type WatcherKeeper, type WatchSink, WatchStream } from "./watch-stream.js";
import type { Watcher } from "./watcher.js";

export interface WatchableStoreOptions {
  /** History could not be read, or one of our own facts does not hold: the member must stop. Called once at most. */
  readonly onFailure: (error: unknown) => void;
  /** Where what becomes of events is counted. */
  readonly counters?: StoreCounters;
  /** How many of the newest changes stay in memory, for watchers that are a little behind; 1,000 unless given. */
  readonly recentChangesMax?: number;
}

/**
 * Tells watchers what changes. Those that are up to date (synced) hear of a write as it ends; the others catch up
 * from history in the background. One whose stream has no room is set aside with nothing but the revision to go on
 * from: no writer waits for it, and it misses nothing but what compaction takes, of which it is told.
 */
export class WatchableStore {
  /** Counters of the store; the code that sends events to clients counts them here. */
  readonly counters: StoreCounters;
  readonly #history: WatchHistory;
  readonly #recent: RecentChanges;
  readonly #synced: SyncedWatchers;
  readonly #catchUp: CatchUp;
  readonly #streams = new Set<WatchStream>();
  readonly #keeper: WatcherKeeper;
  #closed = false;

  constructor(history: WatchHistory, options: WatchableStoreOptions) {
    this.#history = history;
    this.counters = options.counters ?? new StoreCounters();
    const { recentChangesMax = 1_000, onFailure } = options;
    const recent = new RecentChanges(history.revision, recentChangesMax);
    this.#recent = recent;
    this.#catchUp = new CatchUp({
      history,
      recent,
      behind: () => this.slowWatcherCount,
      synced: (watcher) => this.#settle(watcher),
      failed: onFailure,
    });
    const synced = new SyncedWatchers(history, (watcher, revision) => this.#catchUp.stall(watcher, revision));
    this.#synced = synced;
    history.onChangesInSteps((revision, changes, budget) => {
      recent.add(changes);
      return synced.tell(revision, changes, budget);
    });
    this.#keeper = {
      get revision() {
        return history.revision;
      },
      get telling() {
        return synced.telling;
      },
      whenTold: (stream) => synced.whenTold(stream),
      add: (watcher) => this.#add(watcher),
      remove: (watcher) => this.#remove(watcher),
      resume: (stream) => this.#catchUp.resume(stream),
      closeStream: (stream) => {
        this.#streams.delete(stream);
        synced.forgetStream(stream);
        this.#catchUp.removeStream(stream);
      },
    };
  }

  /** The current revision of the store. */
  get revision(): number {
    return this.#history.revision;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  get watcherCount(): number {
    let count = 0;
    for (const stream of this.#streams) count += stream.liveCount;
    return count;
  }

  /** Watchers that are behind: catching up, or without room in their stream. */
  get slowWatcherCount(): number {
    return this.watcherCount - this.#synced.size;
  }

  /** Once the store is closed, the stream is closed from the start. */
  newStream(sink: WatchSink): WatchStream {
    const stream = new WatchStream(this.#keeper, sink);
    if (this.#closed) stream.abandon();
    else this.#streams.add(stream);
    return stream;
  }

  /**
   * The store has gone from `revision` to a later one without saying what changed between: who was up to date reads it
   * up in the history, and misses nothing but what is compacted.
   */
  restored(revision: number): void {
    this.#recent.restart(this.#history.revision);
    this.#catchUp.restored();
    for (const watcher of this.#synced.watchers()) {
      const { startRevision } = watcher.options;
      if (startRevision > this.#history.revision) continue;
      this.#synced.delete(watcher);
      this.#catchUp.add(watcher, Math.max(startRevision, revision + 1));
    }
  }

  /** Ends every stream. The store may go away after it. */
  close(): void {
    this.#closed = true;
    this.#catchUp.close();
    for (const stream of this.#streams) stream.abandon();
  }

  #add(watcher: Watcher): void {
    const { startRevision } = watcher.options;
    if (startRevision === 0 || startRevision > this.#history.revision) this.#synced.add(watcher);
    else this.#catchUp.add(watcher, startRevision);
  }

  #settle(watcher: Watcher): void {
    watcher.stream.moved(watcher, "synced");
    this.#synced.add(watcher);
  }

  #remove(watcher: Watcher): void {
    if (watcher.place === "synced") this.#synced.delete(watcher);
    else this.#catchUp.remove(watcher);
    watcher.stream.moved(watcher, "over");
  }
}
