import type { EncodedEvent } from "../wire/index.js";
import { EventRun } from "./event-log.js";
import { type ChangeEvent, EventLogs } from "./watch-events.js";
import type { EventBatch, Watcher } from "./watcher.js";

/** Events of a batch that are objects. Further ones are in a log, since one revision may change all keys. */
const objectsMax = 1_024;

/**
 * The events that each watcher will be told of, gathered change by change. Watchers that want the same changes share
 * their batches, so an event of very many watchers makes one object, not one for each of them.
 */
export class WatchBatches {
  readonly #batches = new Map<Watcher, SharedBatch>();
  /**
   * The batch that the last addition made, and of what. The next watcher mostly has had the same events and gets it,
   * too.
   */
  #latest: SharedBatch | undefined;
  #latestBefore: SharedBatch | undefined;
  #latestEvent: EncodedEvent | undefined;
  #logs: EventLogs | undefined;

  /** Adds the event of one change to the batch of `watcher`, if the watcher wants it. */
  add(watcher: Watcher, event: ChangeEvent): void {
    const encoded = event.for(watcher);
    if (encoded === undefined) return;
    const before = this.#batches.get(watcher);
    let batch = this.#latest;
    if (batch === undefined || before !== this.#latestBefore || encoded !== this.#latestEvent) {
      batch = this.#extended(before, watcher, event, encoded);
      this.#latest = batch;
      this.#latestBefore = before;
      this.#latestEvent = encoded;
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

  #extended(before: SharedBatch | undefined, watcher: Watcher, event: ChangeEvent, encoded: EncodedEvent): SharedBatch {
    if (before === undefined) return new SharedBatch(undefined, encoded, event.change.modRevision, encoded.length);
    const { firstRevision } = before;
    const bytes = before.bytes + encoded.length;
    if (before.count < objectsMax) return new SharedBatch(before, encoded, firstRevision, bytes);
    this.#logs ??= new EventLogs();
    const [log, number] = event.loggedFor(watcher, encoded, this.#logs);
    const run = before.last instanceof EventRun ? before.last.extended(log, number) : undefined;
    if (run !== undefined) return new SharedBatch(before.before, run, firstRevision, bytes);
    return new SharedBatch(before, new EventRun(log, number), firstRevision, bytes);
  }
}

/** A batch, which never changes: with a further event it becomes the beginning of another one. */
class SharedBatch implements EventBatch {
  readonly firstRevision: number;
  readonly bytes: number;
  readonly before: SharedBatch | undefined;
  readonly last: EncodedEvent | EventRun;
  /** Number of events and runs. */
  readonly count: number;
  #events: EventBatch["events"] | undefined;

  /** @param last the event or the run of events after those of `before` */
  constructor(before: SharedBatch | undefined, last: EncodedEvent | EventRun, firstRevision: number, bytes: number) {
    this.before = before;
    this.last = last;
    this.count = before === undefined ? 1 : before.count + 1;
    this.firstRevision = firstRevision;
    this.bytes = bytes;
  }

  /** Made on first use, once for all watchers. */
  get events(): EventBatch["events"] {
    this.#events ??= this.#list();
    return this.#events;
  }

  #list(): (EncodedEvent | EventRun)[] {
    const events: (EncodedEvent | EventRun)[] = new Array(this.count);
    let at = this.count;
    for (let batch: SharedBatch | undefined = this; batch !== undefined; batch = batch.before) {
      events[--at] = batch.last;
    }
    return events;
  }
}
