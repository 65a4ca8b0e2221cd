import type { Key } from "../base/index.js";
import type { Decoded, WatchCreateRequest, WatchResponse } from "../wire/index.js";
import { AsyncQueue } from "./async-queue.js";
import type { ClientError } from "./client-error.js";

/**
 * Events of one or more whole revisions. A batch without events is a progress notice: all events up to the revision in
 * its header have arrived.
 */
export type WatchBatch = Decoded<WatchResponse>;

export interface WatchOptions {
  readonly key: Key;
  /** End of the range `[key, rangeEnd)`; empty for the key alone, `"\0"` for all keys from `key` on. */
  readonly rangeEnd?: Key;
  /** First revision to deliver; 0 or undefined means the next one. */
  readonly startRevision?: number;
  readonly prevKv?: boolean;
  /** Requests progress notices at intervals while there are no events. */
  readonly progressNotify?: boolean;
  /** Kinds of events not to send, as `FilterType`s. */
  readonly filters?: readonly number[];
}

/**
 * The events of some keys, in order and each exactly once, even when the connection breaks or the server restarts.
 * Iterate over it: it ends when cancelled, and throws a `WatchCanceledError` when the server ended it; its
 * `compactRevision` is the oldest revision from which a new watch can start.
 */
export class Watch implements AsyncIterable<WatchBatch>, AsyncDisposable {
  readonly #queue: AsyncQueue<WatchBatch>;
  readonly #options: WatchOptions;
  readonly #stop: (watch: Watch) => void;
  #nextRevision: number;
  #start: () => void = () => undefined;
  /** Resolves when a server has created the watch, or refused it: no later event is missed. */
  readonly started: Promise<void>;

  /** Created by `Client.watch`. */
  constructor(options: WatchOptions, hub: { stop(watch: Watch): void; taken(): void }) {
    this.#options = options;
    this.#nextRevision = options.startRevision ?? 0;
    this.#queue = new AsyncQueue(() => hub.taken());
    this.#stop = (watch) => hub.stop(watch);
    this.started = new Promise((resolve) => {
      this.#start = resolve;
    });
  }

  /** Ends the watch; events that have arrived can still be read. */
  cancel(): void {
    this.#stop(this);
    this.#start();
    this.#queue.end();
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchBatch, undefined> {
    return this.#queue;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
  }

  /** The request that creates the watch, or resumes it on another stream. */
  request(): Partial<WatchCreateRequest> {
    const { key, rangeEnd = "", prevKv = false, progressNotify = false, filters = [] } = this.#options;
    return { key, rangeEnd, prevKv, progressNotify, filters, startRevision: this.#nextRevision };
  }

  /** The server has created the watch at this revision, and sends all later events. */
  created(revision: number): void {
    if (this.#nextRevision <= 0) this.#nextRevision = revision + 1;
    this.#start();
  }

  /** Takes a batch. @returns whether it holds something new */
  heard(batch: WatchBatch): boolean {
    // A resumed watch starts at its next revision, so nothing should arrive twice; repeated events are dropped.
    const events = batch.events.filter((event) => (event.kv?.modRevision ?? 0) >= this.#nextRevision);
    if (events.length === 0 && batch.events.length > 0) return false;
    const last = events.at(-1)?.kv?.modRevision ?? batch.header?.revision ?? 0;
    this.#nextRevision = Math.max(this.#nextRevision, last + 1);
    this.#queue.push(events.length === batch.events.length ? batch : { ...batch, events });
    return true;
  }

  fail(error: ClientError): void {
    this.#start();
    this.#queue.end(error);
  }
}
