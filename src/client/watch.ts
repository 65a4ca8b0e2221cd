import type { Key } from "../base/index.js";
import { type Decoded, type Event, EventType, type WatchCreateRequest, type WatchResponse } from "../wire/index.js";
import { AsyncQueue } from "./async-queue.js";
import { type ClientError, canceled } from "./client-error.js";
import { type EndingEvents, type Listener, Listeners } from "./listeners.js";

/**
 * Events of one or more whole revisions. A batch without events is a progress notice: all events up to the revision in
 * its header have arrived. (etcd before 3.4.25 and 3.5.8 answers `requestProgress` too early while a watch still
 * catches up with history; no event is lost by that.)
 */
export type WatchBatch = Decoded<WatchResponse>;

/** Which events a watch gets. */
export interface WatchOptions {
  /** The key, or the first key of a range. */
  readonly key: Key;
  /** End of the range `[key, rangeEnd)`; empty for the key alone, `"\0"` for all keys from `key` on. */
  readonly rangeEnd?: Key;
  /** First revision to deliver; 0 or undefined means the next one. */
  readonly startRevision?: number;
  /** Sends with each event the pair as it was before; false by default. */
  readonly prevKv?: boolean;
  /** Requests progress notices at intervals while there are no events. */
  readonly progressNotify?: boolean;
  /** Kinds of events not to send, as `FilterType`s. */
  readonly filters?: readonly number[];
}

/**
 * Most unread batches, and bytes in them, that a watch holds. A watch with more is cancelled at the server, and
 * continues from where it was when half of them are read.
 */
const unreadMax = { batches: 1_000, bytes: 16 * 1024 * 1024 };
/** Estimate of the memory that an event takes beside its keys and values. */
const eventBytes = 200;

/** The events of a watch, and what their listeners get. */
export interface WatchEvents extends EndingEvents {
  /** A key was put. */
  readonly put: Decoded<Event>;
  /** A key was deleted, also by the end of its lease. */
  readonly delete: Decoded<Event>;
  /** The revision up to which all events have been told: a progress notice. */
  readonly progress: number;
}

/** The side of a watch that talks to servers. */
export interface WatchOwner {
  /** The watch is over. */
  stop(watch: Watch): void;
  /** The reader has made room for more batches. */
  drained(watch: Watch): void;
}

/**
 * The events of some keys, in order and each exactly once, even when the connection breaks or the server restarts.
 * Iterate over its batches, or listen to its events with `on`; one of the two.
 *
 * `cancel`, the signal of the call that created it, and the end of the client end a watch without an error. Whatever
 * else ends it is an error, which the loop throws and listeners of `end` get: a `WatchCanceledError` when the server
 * ended it, whose `compactRevision` is the oldest revision from which a new watch can start. Leaving the loop does not
 * end the watch.
 */
export class Watch implements AsyncIterable<WatchBatch>, AsyncDisposable {
  readonly #queue: AsyncQueue<WatchBatch>;
  readonly #options: WatchOptions;
  readonly #owner: WatchOwner;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.cancel();
  /** Where the watch starts on another stream; 0 until a server has told the current revision. */
  #nextRevision: number;
  /** Revision of the last event that was delivered; events up to it are repetitions. */
  #heardRevision: number;
  #unreadBytes = 0;
  #listeners: Listeners<WatchEvents> | undefined;
  #iterated = false;
  #canceled = false;
  #start: { resolve(): void; reject(error: ClientError): void } | undefined;
  /** Resolves when a server has created the watch: no later event is missed. Rejects when a server refused it. */
  readonly started: Promise<void>;

  /** Created by `Client.watch`. */
  constructor(options: WatchOptions, owner: WatchOwner, signal?: AbortSignal) {
    this.#options = options;
    this.#owner = owner;
    this.#signal = signal;
    this.#nextRevision = Math.max(0, options.startRevision ?? 0);
    this.#heardRevision = this.#nextRevision - 1;
    this.#queue = new AsyncQueue((batch) => this.#taken(batch));
    this.started = new Promise((resolve, reject) => {
      this.#start = { resolve, reject };
    });
    this.started.catch(() => undefined); // the iteration reports the error, too
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /**
   * Calls `listener` for each later event of a kind, in order; when it returns a promise, later events wait for that.
   * Listeners that are added in the same turn as the first one hear all events.
   *
   * A listener that throws ends the watch with its error. An error that nobody hears, since there is no listener of
   * `end`, is an unhandled rejection.
   */
  on<Name extends keyof WatchEvents>(name: Name, listener: Listener<WatchEvents[Name]>): this {
    if (this.#iterated) throw new TypeError("a watch that is iterated over cannot have listeners, too");
    if (this.#listeners === undefined) {
      this.#listeners = new Listeners();
      const source = { stopped: () => this.#canceled, stop: () => this.cancel() };
      void this.#listeners.follow(this.#queue, eventsOf, source);
    }
    this.#listeners.add(name, listener);
    return this;
  }

  /** Calls `listener` no more. */
  off<Name extends keyof WatchEvents>(name: Name, listener: Listener<WatchEvents[Name]>): this {
    this.#listeners?.remove(name, listener);
    return this;
  }

  /** Ends the watch. A loop still gets the events that have arrived, a listener only `end`. */
  cancel(): void {
    this.#canceled = true;
    this.#owner.stop(this);
    this.#end(canceled(), undefined);
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchBatch, undefined> {
    if (this.#listeners !== undefined) throw new TypeError("a watch with listeners cannot be iterated over, too");
    this.#iterated = true;
    return this.#queue;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
  }

  /** Whether the watch holds so many unread batches that it must not get more. */
  get full(): boolean {
    return this.#queue.length >= unreadMax.batches || this.#unreadBytes >= unreadMax.bytes;
  }

  /** The request that creates the watch, or resumes it on another stream. */
  request(): Partial<WatchCreateRequest> {
    const { key, rangeEnd = "", prevKv = false, progressNotify = false, filters = [] } = this.#options;
    return { key, rangeEnd, prevKv, progressNotify, filters, startRevision: this.#nextRevision };
  }

  /** The server has created the watch at this revision, and sends all later events. */
  created(revision: number): void {
    if (this.#nextRevision <= 0) this.#nextRevision = revision + 1;
    this.#start?.resolve();
  }

  /** Takes the events of a batch that have not been delivered yet. */
  heard(batch: WatchBatch): void {
    const events = batch.events.filter(({ kv }) => (kv?.modRevision ?? 0) > this.#heardRevision);
    const last = events.at(-1)?.kv?.modRevision;
    if (last === undefined) return;
    this.#heardRevision = last;
    this.#nextRevision = Math.max(this.#nextRevision, last + 1);
    this.#push(events.length === batch.events.length ? batch : { ...batch, events });
  }

  /**
   * Takes a progress notice.
   *
   * @param ofWatch whether the server sent it to this watch alone. Only such a notice is ordered behind the watch's
   *   events in every version of etcd, so only such a notice changes where the watch continues.
   */
  progressed(notice: WatchBatch, ofWatch: boolean): void {
    if (ofWatch) this.#nextRevision = Math.max(this.#nextRevision, (notice.header?.revision ?? 0) + 1);
    this.#push(notice);
  }

  /** The watch has ended with an error. */
  fail(error: ClientError): void {
    this.#end(error, error);
  }

  #push(batch: WatchBatch): void {
    if (this.#queue.push(batch)) this.#unreadBytes += bytesOf(batch);
  }

  #taken(batch: WatchBatch): void {
    this.#unreadBytes -= bytesOf(batch);
    if (this.#queue.length <= unreadMax.batches / 2 && this.#unreadBytes <= unreadMax.bytes / 2) {
      this.#owner.drained(this);
    }
  }

  #end(notStarted: ClientError, error: ClientError | undefined): void {
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#start?.reject(notStarted);
    this.#queue.end(error);
  }
}

function* eventsOf({ header, events }: WatchBatch) {
  if (events.length === 0) yield ["progress", header?.revision ?? 0] as const;
  for (const event of events) yield [event.type === EventType.DELETE ? "delete" : "put", event] as const;
}

function bytesOf({ events }: WatchBatch): number {
  return events.reduce((sum, event) => sum + bytesOfEvent(event), eventBytes);
}

function bytesOfEvent({ kv, prevKv }: Decoded<Event>): number {
  return eventBytes + [kv, prevKv].reduce((sum, pair) => sum + (pair ? pair.key.length + pair.value.byteLength : 0), 0);
}
