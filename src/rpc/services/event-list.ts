import { type EventBatch, EventRun } from "../../mvcc/index.js";
import { type Encoded, type Event, LongEvent, WatchResponse } from "../../wire/index.js";

/** An event, or a run of events. */
export type ListedEvent = EventBatch["events"][number];

/**
 * Events in the order in which a watcher is told of them. A list is never changed: with further events it becomes the
 * beginning of another one. So watchers that are told of the same events share their lists.
 */
export class EventList {
  readonly #before: EventList | undefined;
  readonly #events: readonly ListedEvent[];
  /** The length of the list, in which a run of events is one. */
  readonly #length: number;
  /** The number of all events. */
  readonly count: number;
  /** Whether all events are in one piece each. */
  readonly short: boolean;
  #encoded: Uint8Array | undefined;

  constructor(before: EventList | undefined, events: readonly ListedEvent[]) {
    this.#before = before;
    this.#events = events;
    this.#length = (before === undefined ? 0 : before.#length) + events.length;
    this.count = (before?.count ?? 0) + countOf(events);
    this.short = before?.short !== false && events.every(isShort);
  }

  /** Whether this is the list of `before` and `events`. */
  is(before: EventList | undefined, events: readonly ListedEvent[]): boolean {
    return before === this.#before && isSame(events, this.#events);
  }

  all(): readonly ListedEvent[] {
    if (this.#before === undefined) return this.#events;
    const all: ListedEvent[] = new Array(this.#length);
    for (let list: EventList | undefined = this; list !== undefined; list = list.#before) {
      const from = list.#length - list.#events.length;
      for (const [at, event] of list.#events.entries()) all[from + at] = event;
    }
    return all;
  }

  /** The last part of a `WatchResponse` with these events, which must be short. Encoded once. */
  encoded(): Uint8Array {
    this.#encoded ??= WatchResponse.encode(WatchResponse.create({ events: this.all().filter(isShort) }));
    return this.#encoded;
  }
}

function isShort(event: ListedEvent): event is Encoded<Event> {
  return !(event instanceof LongEvent || event instanceof EventRun);
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one === other || (one.length === other.length && one.every((event, at) => event === other[at]));
}

/** Number of events. */
export function countOf(events: readonly ListedEvent[]): number {
  let count = events.length;
  for (const event of events) if (event instanceof EventRun) count += event.count - 1;
  return count;
}
