import type { Key } from "../base/index.js";
import type { Decoded, WatchCreateRequest, WatchResponse } from "../wire/index.js";
import { AsyncQueue } from "./async-queue.js";
import type { ClientError } from "./client-error.js";

/**
 * Events of one or more whole revisions; none in an answer that tells progress: all up to its header's revision
 * came.
 */
export type WatchBatch = Decoded<WatchResponse>;

export interface WatchOptions {
  readonly key: Key;
  /** Keys in `[key, rangeEnd)`; empty: that key alone; `"\0"`: from `key` on. */
  readonly rangeEnd?: Key;
  /** The first revision to hear of; 0 or none: what happens from now on. */
  readonly startRevision?: number;
  readonly prevKv?: boolean;
  /** Ask for progress from time to time while nothing happens. */
  readonly progressNotify?: boolean;
  /** `FilterType`s: kinds of events not to send. */
  readonly filters?: readonly number[];
}

/**
 * The events of some keys, in order, once each, however often the connection breaks or the server restarts in between.
 * Iterate it; it ends when canceled, and throws a `WatchCanceledError` when the server ended it: `compactRevision` then
 * says from where a new watch can go on.
 */
export class Watch implements AsyncIterable<WatchBatch>, AsyncDisposable {
  readonly #queue: AsyncQueue<WatchBatch>;
  readonly #options: WatchOptions;
  readonly #stop: (watch: Watch) => void;
  #nextRevision: number;
  #start: () => void = () => undefined;
  /** Resolves when a server watches, or has said why it will not: from then on nothing is missed. */
  readonly started: Promise<void>;

  /** Made by `Client.watch`. */
  constructor(options: WatchOptions, hub: { stop(watch: Watch): void; taken(): void }) {
    this.#options = options;
    this.#nextRevision = options.startRevision ?? 0;
    this.#queue = new AsyncQueue(() => hub.taken());
    this.#stop = (watch) => hub.stop(watch);
    this.started = new Promise((resolve) => {
      this.#start = resolve;
    });
  }

  /** Ends the watch; events that came before can still be read. */
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

  /** How the watch is asked for, the first time and when it is resumed. */
  request(): Partial<WatchCreateRequest> {
    const { key, rangeEnd = "", prevKv = false, progressNotify = false, filters = [] } = this.#options;
    return { key, rangeEnd, prevKv, progressNotify, filters, startRevision: this.#nextRevision };
  }

  /** The server has taken the watch on: what happens after this revision is heard of. */
  created(revision: number): void {
    if (this.#nextRevision <= 0) this.#nextRevision = revision + 1;
    this.#start();
  }

  /** Whether the reader has something new to take. */
  heard(batch: WatchBatch): boolean {
    // A resumed watch starts at the next revision, so nothing comes twice; a server that does it is not believed.
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
