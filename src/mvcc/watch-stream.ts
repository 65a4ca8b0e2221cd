import { isEmptyRange } from "../base/index.js";
import type { EncodedEvent } from "../wire/index.js";
import type { EventBatch, Watcher, WatcherOwner, WatcherPlace, WatchId, WatchOptions } from "./watcher.js";

/** The notices for the watchers of a stream, in order. */
export type WatchNotice =
  | {
      readonly kind: "events";
      readonly watchId: WatchId;
      /** All events of the watcher up to this revision have now been delivered. */
      readonly revision: number;
      readonly events: readonly EncodedEvent[];
      /** Length of all events together. */
      readonly bytes: number;
    }
  /** The next revision of the watcher is compacted; the watcher gets nothing more. */
  | { readonly kind: "compacted"; readonly watchId: WatchId; readonly compactRevision: number }
  /** No event up to this revision is outstanding: for one watcher, or (`allWatchers`) for the whole stream. */
  | { readonly kind: "progress"; readonly watchId: WatchId; readonly revision: number };

/** The watch id of a notice to the whole stream. */
const allWatchers: WatchId = -1n;

/** Receives the notices of one stream. It must not call back into the stream while it receives one. */
export interface WatchSink {
  /** Whether the sink accepts more. When this becomes true again, its owner calls `WatchStream.resume`. */
  readonly hasRoom: boolean;
  /** Whether the sink accepts events of this many bytes now; if not, they are offered again as after a lack of room. */
  hasRoomFor(bytes: number): boolean;
  deliver(notice: WatchNotice): void;
  /** The store is closing: no more notices will come. */
  closed(): void;
}

/** The part of a store that a watch stream needs. */
export interface WatcherKeeper {
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

/** A stream: many watchers that share one connection to one client. */
export class WatchStream implements WatcherOwner {
  readonly #keeper: WatcherKeeper;
  readonly #sink: WatchSink;
  readonly #watchers = new Map<WatchId, Watcher>();
  readonly #stalled = new Set<Watcher>();
  readonly #notified = new Set<Watcher>();
  /** Watchers whose start revision had not been reached at the last check. */
  readonly #future = new Set<Watcher>();
  #nextId: WatchId = 0n;
  /** Number of watchers that are not `over`, and of those among them that are not `synced`. */
  #live = 0;
  #lagging = 0;
  /** Number of progress requests that wait until the write under way has been delivered. */
  #progressRequests = 0;
  #progressRound: Iterator<Watcher> | undefined;
  #closed = false;

  constructor(keeper: WatcherKeeper, sink: WatchSink) {
    this.#keeper = keeper;
    this.#sink = sink;
  }

  /** @param id chosen by the client; 0 means the next number, from 0 up, that no watcher has */
  watch(id: WatchId, options: WatchOptions): WatchAnswer {
    const { key, end, startRevision, progressNotify } = options;
    if (isEmptyRange(key, end)) return { kind: "refused", reason: "mvcc: watcher range is empty" };
    if (id !== 0n && this.#watchers.has(id)) {
      return { kind: "refused", reason: "mvcc: duplicate watch ID provided on the WatchStream" };
    }
    const watcher: Watcher = {
      id: id === 0n ? this.#chooseId() : id,
      stream: this,
      options,
      place: "synced",
      nextRevision: 0,
      quiet: true,
    };
    this.#watchers.set(watcher.id, watcher);
    this.#live++;
    if (startRevision > this.#keeper.revision) this.#future.add(watcher);
    if (progressNotify) this.#notified.add(watcher);
    this.#keeper.add(watcher);
    return { kind: "created", id: watcher.id };
  }

  /**
   * Ends a watcher, which gets nothing more. A watcher that a compaction ended keeps its id until it is cancelled, too.
   *
   * @returns false when no watcher has this id
   */
  cancel(id: WatchId): boolean {
    const watcher = this.#watchers.get(id);
    if (watcher === undefined) return false;
    this.#watchers.delete(id);
    this.#keeper.remove(watcher);
    return true;
  }

  /** All watchers with their options. */
  *watchers(): Iterable<readonly [WatchId, WatchOptions]> {
    for (const [id, { options }] of this.#watchers) yield [id, options];
  }

  /** Sends a progress notice for the whole stream, if it has watchers and all of them are up to date. */
  requestProgress(): void {
    if (this.#keeper.telling) {
      this.#progressRequests++;
      this.#keeper.whenTold(this);
      return;
    }
    if (this.#live === 0 || this.#lagging > 0) return;
    for (const watcher of this.#future) {
      if (!this.#hasStarted(watcher)) return;
      this.#future.delete(watcher);
    }
    this.#sink.deliver({ kind: "progress", watchId: allWatchers, revision: this.#keeper.revision });
  }

  /** Sends progress notices to the watchers that asked for them and have had no event since the last such round. */
  notifyProgress(): void {
    this.#progressRound ??= this.#notified.values();
    this.#continueRound();
  }

  told(): void {
    this.#continueRound();
    for (; this.#progressRequests > 0; this.#progressRequests--) this.requestProgress();
  }

  /** The sink has room again. */
  resume(): void {
    this.#continueRound();
    if (this.#stalled.size > 0 && this.#sink.hasRoom) this.#keeper.resume(this);
  }

  /** Ends all watchers. Harmless when done before. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const watcher of this.#watchers.values()) this.#keeper.remove(watcher);
    this.#watchers.clear();
    this.#keeper.closeStream(this);
  }

  /** Ends all watchers because the store is closing. */
  abandon(): void {
    this.close();
    this.#sink.closed();
  }

  /** Number of watchers that have not ended. */
  get liveCount(): number {
    return this.#live;
  }

  get hasRoom(): boolean {
    return this.#sink.hasRoom;
  }

  offer(watcher: Watcher, revision: number, { events, bytes }: EventBatch): boolean {
    if (!this.#sink.hasRoomFor(bytes)) return false;
    watcher.quiet = false;
    this.#sink.deliver({ kind: "events", watchId: watcher.id, revision, events, bytes });
    return true;
  }

  offerCompacted(watcher: Watcher, compactRevision: number): boolean {
    if (!this.#sink.hasRoom) return false;
    this.#sink.deliver({ kind: "compacted", watchId: watcher.id, compactRevision });
    return true;
  }

  moved(watcher: Watcher, to: WatcherPlace): void {
    const from = watcher.place;
    if (from === to) return;
    if (from === "synced") this.#lagging++;
    if (to === "synced") this.#lagging--;
    if (from === "stalled") this.#stalled.delete(watcher);
    if (to === "stalled") this.#stalled.add(watcher);
    watcher.place = to;
    if (to !== "over") return;
    this.#live--;
    this.#lagging--;
    this.#future.delete(watcher);
    this.#notified.delete(watcher);
  }

  stalled(): Iterable<Watcher> {
    return this.#stalled;
  }

  #chooseId(): WatchId {
    while (this.#watchers.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  #hasStarted(watcher: Watcher): boolean {
    return watcher.options.startRevision <= this.#keeper.revision;
  }

  #continueRound(): void {
    if (this.#progressRound !== undefined && this.#keeper.telling) {
      this.#keeper.whenTold(this);
      return;
    }
    while (this.#progressRound !== undefined && this.#sink.hasRoom) {
      const { done, value: watcher } = this.#progressRound.next();
      if (done) {
        this.#progressRound = undefined;
        return;
      }
      if (watcher.quiet && watcher.place === "synced" && this.#hasStarted(watcher)) {
        this.#sink.deliver({ kind: "progress", watchId: watcher.id, revision: this.#keeper.revision });
      }
      watcher.quiet = true;
    }
  }
}
