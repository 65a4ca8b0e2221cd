import { StoreCounters } from "./counters.js";
import { RecentChanges } from "./recent-changes.js";
import { SyncedWatchers } from "./synced-watchers.js";
import { CatchUp } from "./watch-catch-up.js";
import type { WatchHistory } from "./watch-history.js";
import { type WatcherKeeper, type WatchSink, WatchStream } from "./watch-stream.js";
import type { Watcher } from "./watcher.js";
import { WatcherTable } from "./watchers/watcher-table.js";

export interface WatchableStoreOptions {
  /** History could not be read, or an assertion failed: the member must stop. Called once at most. */
  readonly onFailure: (error: unknown) => void;
  /** Counters of the store to use; new ones by default. */
  readonly counters?: StoreCounters;
  /** Number of newest changes kept in memory for watchers that are a little behind; 1,000 by default. */
  readonly recentChangesMax?: number;
}

/**
 * Tells watchers about changes. Watchers that are up to date (synced) get a write as it ends; the others catch up from
 * history in the background. For a watcher whose stream has no room, only its next revision is kept. So no write waits
 * for a watcher, and a watcher misses nothing except what is compacted, about which it is told.
 */
export class WatchableStore {
  /** Counters of the store; the code that sends events to clients counts them here. */
  readonly counters: StoreCounters;
  readonly #history: WatchHistory;
  readonly #recent: RecentChanges;
  readonly #table = new WatcherTable();
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
    const table = this.#table;
    this.#catchUp = new CatchUp({
      history,
      table,
      recent,
      behind: () => this.slowWatcherCount,
      synced: (watcher) => this.#settle(watcher),
      failed: onFailure,
    });
    const synced = new SyncedWatchers(history, table, (watcher, revision) => this.#catchUp.stall(watcher, revision));
    this.#synced = synced;
    history.onChangesInSteps((revision, changes, budget) => {
      recent.add(changes);
      return synced.tell(revision, changes, budget);
    });
    this.#keeper = {
      table,
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
    return this.#table.live;
  }

  /** Number of watchers that are behind: catching up, or without room in their stream. */
  get slowWatcherCount(): number {
    return this.watcherCount - this.#synced.size;
  }

  /** Opens a stream; it is closed from the start when the store is. */
  newStream(sink: WatchSink): WatchStream {
    const stream = new WatchStream(this.#keeper, sink);
    if (this.#closed) stream.abandon();
    else this.#streams.add(stream);
    return stream;
  }

  /**
   * The store has moved from `revision` to a later one without telling the changes in between. Synced watchers read
   * these from the history, and miss only what is compacted.
   */
  restored(revision: number): void {
    this.#recent.restart(this.#history.revision);
    this.#catchUp.restored();
    for (const stream of this.#streams) {
      stream.forEachSynced((watcher) => {
        const from = this.#table.nextRevision(watcher);
        if (from > this.#history.revision) return;
        this.#synced.delete(watcher);
        this.#catchUp.add(watcher, Math.max(from, revision + 1));
      });
    }
  }

  /** Ends every stream. The store may be closed afterwards. */
  close(): void {
    this.#closed = true;
    this.#catchUp.close();
    for (const stream of this.#streams) stream.abandon();
  }

  #add(watcher: Watcher): void {
    const from = this.#table.nextRevision(watcher);
    if (from === 0 || from > this.#history.revision) this.#synced.add(watcher);
    else this.#catchUp.add(watcher, from);
  }

  #settle(watcher: Watcher): void {
    this.#table.stream(watcher).moved(watcher, "synced");
    this.#table.setNextRevision(watcher, 0);
    this.#synced.add(watcher);
  }

  #remove(watcher: Watcher): void {
    if (this.#table.place(watcher) === "synced") this.#synced.delete(watcher);
    else this.#catchUp.remove(watcher);
    this.#table.stream(watcher).moved(watcher, "over");
  }
}
