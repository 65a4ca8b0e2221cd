import { type Encoded, type EncodedEvent, type Event, LongEvent, WatchResponse } from "../../wire/index.js";

/**
 * Events in the order in which a watcher is told of them. A list is never changed: with further events it becomes the
 * beginning of another one. So watchers that are told of the same events share their lists.
 */
export class EventList {
  readonly #before: EventList | undefined;
  readonly #events: readonly EncodedEvent[];
  /** The number of all events. */
  readonly count: number;
  /** Whether all events are in one piece each. */
  readonly short: boolean;
  #encoded: Uint8Array | undefined;

  constructor(before: EventList | undefined, events: readonly EncodedEvent[]) {
    this.#before = before;
    this.#events = events;
    this.count = (before?.count ?? 0) + events.length;
    this.short = before?.short !== false && events.every(isShort);
  }

  /** Whether this is the list of `before` and `events`. */
  is(before: EventList | undefined, events: readonly EncodedEvent[]): boolean {
    return before === this.#before && isSame(events, this.#events);
  }

  all(): readonly EncodedEvent[] {
    if (this.#before === undefined) return this.#events;
    const all: EncodedEvent[] = new Array(this.count);
    for (let list: EventList | undefined = this; list !== undefined; list = list.#before) {
      const from = list.count - list.#events.length;
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

function isShort(event: EncodedEvent): event is Encoded<Event> {
  return !(event instanceof LongEvent);
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one === other || (one.length === other.length && one.every((event, at) => event === other[at]));
}
