import { EtcdError, isEmptyRange } from "../base/index.js";
import {
  type EventBatch,
  noWatcher,
  type Watcher,
  type WatcherOwner,
  type WatcherPlace,
  type WatchId,
  type WatchOptions,
} from "./watcher.js";
import { type WatcherTable, watcherFlags } from "./watchers/watcher-table.js";

/** The notices for the watchers of a stream, beside events. */
export type WatchNotice =
  /** The next revision of the watcher is compacted; the watcher gets nothing more. */
  | { readonly kind: "compacted"; readonly watchId: WatchId; readonly compactRevision: number }
  /** No event up to this revision is outstanding: for one watcher, or (`allWatchers`) for the whole stream. */
  | { readonly kind: "progress"; readonly watchId: WatchId; readonly revision: number };

/** The watch id of a notice to the whole stream. */
const allWatchers: WatchId = -1n;

/** Receives events and notices of one stream, in order. It must not call back into the stream while it receives one. */
export interface WatchSink {
  /** Whether the sink accepts more. When this becomes true again, its owner calls `WatchStream.resume`. */
  readonly hasRoom: boolean;
  /** Whether the sink accepts events of this many bytes now; if not, they are offered again as after a lack of room. */
  hasRoomFor(bytes: number): boolean;
  /**
   * Delivers events of one watcher: it has been given all events up to this revision then.
   *
   * @param batch other watchers and other streams may get the same object; it must not be changed any more
   * @param fragmented whether the client accepts fragments
   */
  deliverEvents(watchId: WatchId, revision: number, batch: EventBatch, fragmented: boolean): void;
  deliver(notice: WatchNotice): void;
  /** The store is closing: no more notices will come. */
  closed(): void;
}

/** The part of a store that a watch stream needs. */
export interface WatcherKeeper {
  readonly table: WatcherTable;
  readonly revision: number;
  /** The changes of `revision` are being delivered to synced watchers, and not all of them have them yet. */
  readonly telling: boolean;
  /** Calls the stream's `told` once all have. */
  whenTold(stream: WatchStream): void;
  add(watcher: Watcher): void;
  remove(watcher: Watcher): void;
  /** Some watchers of this stream are stalled, and there is room again. */
  resume(stream: WatchStream): void;
  closeStream(stream: WatchStream): void;
}

export type WatchAnswer =
  | { readonly kind: "created"; readonly id: WatchId }
  | { readonly kind: "refused"; readonly reason: string };

/** A stream: many watchers that share one connection to one client. There may be very many streams. */
export class WatchStream implements WatcherOwner {
  readonly #keeper: WatcherKeeper;
  readonly #sink: WatchSink;
  /** Number of the stream in the table of watchers. */
  readonly #number: number;
  /** The first of all watchers, and of those that wait for room. */
  #first = noWatcher;
  #firstStalled = noWatcher;
  /** Watchers whose start revision had not been reached at the last check. */
  #future: Set<Watcher> | undefined;
  #nextId: WatchId = 0n;
  /** Number of watchers that are not `over`, and of those among them that are not `synced`. */
  #live = 0;
  #lagging = 0;
  /** Number of progress requests that wait until the write under way has been delivered. */
  #progressRequests = 0;
  /** The next watcher of the round of progress notices under way; `noWatcher` when there is none. */
  #nextOfRound = noWatcher;
  #closed = false;

  constructor(keeper: WatcherKeeper, sink: WatchSink) {
    this.#keeper = keeper;
    this.#sink = sink;
    this.#number = keeper.table.enter(this);
  }

  /** @param id chosen by the client; 0 means the next number, from 0 up, that no watcher has */
  watch(id: WatchId, options: WatchOptions): WatchAnswer {
    const { key, end, startRevision } = options;
    const { table } = this.#keeper;
    if (this.#closed) return { kind: "refused", reason: new EtcdError("stopped").message };
    if (isEmptyRange(key, end)) return { kind: "refused", reason: "mvcc: watcher range is empty" };
    if (id !== 0n && this.#has(id)) {
      return { kind: "refused", reason: "mvcc: duplicate watch ID provided on the WatchStream" };
    }
    const watchId = id === 0n ? this.#chooseId() : id;
    const watcher = table.add(this.#number, watchId, options);
    this.#first = table.ofStream.append(this.#first, watcher);
    this.#live++;
    if (startRevision > this.#keeper.revision) {
      this.#future ??= new Set();
      this.#future.add(watcher);
    }
    this.#keeper.add(watcher);
    return { kind: "created", id: watchId };
  }

  /**
   * Ends a watcher, which gets nothing more. A watcher that a compaction ended keeps its id until it is cancelled, too.
   *
   * @returns bytes of the watcher's key and end; undefined when no watcher has this id
   */
  cancel(id: WatchId): number | undefined {
    const { table } = this.#keeper;
    // The number of a closed stream may be another stream's.
    const watcher = this.#closed ? noWatcher : table.find(this.#number, id);
    if (watcher === noWatcher) return undefined;
    const nameBytes = table.nameBytes(watcher);
    this.#remove(watcher);
    return nameBytes;
  }

  /** All watchers, and for whom they read which keys. */
  *watchers(): Iterable<readonly [WatchId, ReturnType<WatcherTable["reading"]>]> {
    const { table } = this.#keeper;
    for (let watcher = this.#first; watcher !== noWatcher; watcher = table.ofStream.next(watcher)) {
      yield [table.id(watcher), table.reading(watcher)];
    }
  }

  /** Visits the watchers that are synced. `visit` may move the watcher that it is called with. */
  forEachSynced(visit: (watcher: Watcher) => void): void {
    const { table } = this.#keeper;
    if (this.#lagging === this.#live) return;
    for (let watcher = this.#first; watcher !== noWatcher; watcher = table.ofStream.next(watcher)) {
      if (table.place(watcher) === "synced") visit(watcher);
    }
  }

  /** Sends a progress notice for the whole stream, if it has watchers and all of them are up to date. */
  requestProgress(): void {
    if (this.#keeper.telling) {
      this.#progressRequests++;
      this.#keeper.whenTold(this);
      return;
    }
    if (this.#live === 0 || this.#lagging > 0 || this.#waitsForFuture()) return;
    this.#sink.deliver({ kind: "progress", watchId: allWatchers, revision: this.#keeper.revision });
  }

  /** Sends progress notices to the watchers that asked for them and have had no event since the last such round. */
  notifyProgress(): void {
    if (this.#nextOfRound === noWatcher) this.#nextOfRound = this.#first;
    this.#continueRound();
  }

  told(): void {
    this.#continueRound();
    for (; this.#progressRequests > 0; this.#progressRequests--) this.requestProgress();
  }

  /** The sink has room again. */
  resume(): void {
    this.#continueRound();
    if (this.#firstStalled !== noWatcher && this.#sink.hasRoom) this.#keeper.resume(this);
  }

  /** Ends all watchers. Harmless when done before. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#first !== noWatcher) this.#remove(this.#first);
    this.#keeper.closeStream(this);
    this.#keeper.table.leave(this.#number);
  }

  /** Ends all watchers because the store is closing. */
  abandon(): void {
    this.close();
    this.#sink.closed();
  }

  get hasRoom(): boolean {
    return this.#sink.hasRoom;
  }

  get firstStalled(): Watcher {
    return this.#firstStalled;
  }

  offer(watcher: Watcher, revision: number, batch: EventBatch): boolean {
    if (!this.#sink.hasRoomFor(batch.bytes)) return false;
    const { table } = this.#keeper;
    const flags = table.flags(watcher);
    if ((flags & watcherFlags.quiet) !== 0) table.setQuiet(watcher, false);
    this.#sink.deliverEvents(table.id(watcher), revision, batch, (flags & watcherFlags.fragment) !== 0);
    return true;
  }

  offerCompacted(watcher: Watcher, compactRevision: number): boolean {
    if (!this.#sink.hasRoom) return false;
    this.#sink.deliver({ kind: "compacted", watchId: this.#keeper.table.id(watcher), compactRevision });
    return true;
  }

  moved(watcher: Watcher, to: WatcherPlace): void {
    const { table } = this.#keeper;
    const from = table.place(watcher);
    if (from === to) return;
    if (from === "synced") this.#lagging++;
    if (to === "synced") this.#lagging--;
    if (from === "stalled") this.#firstStalled = table.inPlace.remove(this.#firstStalled, watcher);
    if (to === "stalled") this.#firstStalled = table.inPlace.append(this.#firstStalled, watcher);
    table.setPlace(watcher, to);
    if (to !== "over") return;
    this.#live--;
    this.#lagging--;
    table.live--;
    this.#future?.delete(watcher);
  }

  #remove(watcher: Watcher): void {
    const { table } = this.#keeper;
    this.#keeper.remove(watcher);
    if (watcher === this.#nextOfRound) this.#nextOfRound = table.ofStream.next(watcher);
    this.#first = table.ofStream.remove(this.#first, watcher);
    table.remove(watcher);
  }

  #has(id: WatchId): boolean {
    return this.#keeper.table.find(this.#number, id) !== noWatcher;
  }

  #chooseId(): WatchId {
    while (this.#has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  /** Whether the start revision of a watcher has not been reached yet. */
  #waitsForFuture(): boolean {
    if (this.#future === undefined) return false;
    for (const watcher of this.#future) {
      if (!this.#hasStarted(watcher)) return true;
      this.#future.delete(watcher);
    }
    this.#future = undefined;
    return false;
  }

  #hasStarted(watcher: Watcher): boolean {
    return this.#keeper.table.nextRevision(watcher) <= this.#keeper.revision;
  }

  #continueRound(): void {
    if (this.#nextOfRound === noWatcher) return;
    if (this.#keeper.telling) {
      this.#keeper.whenTold(this);
      return;
    }
    const { table } = this.#keeper;
    while (this.#nextOfRound !== noWatcher && this.#sink.hasRoom) {
      const watcher = this.#nextOfRound;
      this.#nextOfRound = table.ofStream.next(watcher);
      if (!table.has(watcher, watcherFlags.progressNotify)) continue;
      if (table.has(watcher, watcherFlags.quiet) && table.place(watcher) === "synced" && this.#hasStarted(watcher)) {
        this.#sink.deliver({ kind: "progress", watchId: table.id(watcher), revision: this.#keeper.revision });
      }
      table.setQuiet(watcher, true);
    }
  }
}
