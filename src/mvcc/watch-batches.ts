import type { EncodedEvent } from "../wire/index.js";
import type { ChangeEvent } from "./watch-events.js";
import type { EventBatch, Watcher } from "./watcher.js";

/**
 * The events that each watcher will be told of, gathered change by change. Watchers that want the same changes share
 * their batches, so an event of very many watchers makes one object, not one for each of them.
 */
export class WatchBatches {
  readonly #batches = new Map<Watcher, SharedBatch>();
  /** The batch that the last addition made. The next watcher mostly has had the same events and gets it, too. */
  #latest: SharedBatch | undefined;

  /** Adds the event of one change to the batch of `watcher`, if the watcher wants it. */
  add(watcher: Watcher, event: ChangeEvent): void {
    const encoded = event.for(watcher);
    if (encoded === undefined) return;
    const before = this.#batches.get(watcher);
    let batch = this.#latest;
    if (batch === undefined || !batch.is(before, encoded)) {
      batch = new SharedBatch(before, encoded, event.change.modRevision);
      this.#latest = batch;
    }
    this.#batches.set(watcher, batch);
  }

  /** Forgets a watcher, whose number may be given to another one. */
  delete(watcher: Watcher): void {
    this.#batches.delete(watcher);
  }

  /** The batches of all watchers, in the order in which the watchers got their first event. */
  [Symbol.iterator](): IterableIterator<[Watcher, EventBatch]> {
    return this.#batches.entries();
  }
}

/** A batch, which never changes: with a further event it becomes the beginning of another one. */
class SharedBatch implements EventBatch {
  readonly firstRevision: number;
  readonly bytes: number;
  readonly #before: SharedBatch | undefined;
  readonly #event: EncodedEvent;
  readonly #count: number;
  #events: readonly EncodedEvent[] | undefined;

  /** @param revision the revision of the event */
  constructor(before: SharedBatch | undefined, event: EncodedEvent, revision: number) {
    this.#before = before;
    this.#event = event;
    this.#count = before === undefined ? 1 : before.#count + 1;
    this.firstRevision = before === undefined ? revision : before.firstRevision;
    this.bytes = before === undefined ? event.length : before.bytes + event.length;
  }

  /** Made on first use, once for all watchers. */
  get events(): readonly EncodedEvent[] {
    this.#events ??= this.#list();
    return this.#events;
  }

  /** Whether this is the batch of `before` and `event`. */
  is(before: SharedBatch | undefined, event: EncodedEvent): boolean {
    return before === this.#before && event === this.#event;
  }

  #list(): EncodedEvent[] {
    const events: EncodedEvent[] = new Array(this.#count);
    let at = this.#count;
    for (let batch: SharedBatch | undefined = this; batch !== undefined; batch = batch.#before) {
      events[--at] = batch.#event;
    }
    return events;
  }
}
