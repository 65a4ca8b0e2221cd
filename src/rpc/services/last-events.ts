import { type Encoded, type Event, WatchResponse } from "../../wire/index.js";

/**
 * Encodes the events of watch responses. Very many watchers may be told of the same events, one after the other, so the
 * bytes of the last ones are kept. Then all these responses share them, and differ only in what is before the events.
 */
export class LastEvents {
  #events: readonly Encoded<Event>[] = [];
  #bytes: Uint8Array = new Uint8Array(0);

  /** @returns the last part of a `WatchResponse`; it must not be changed */
  encode(events: readonly Encoded<Event>[]): Uint8Array {
    if (!isSame(events, this.#events)) {
      this.#bytes = WatchResponse.encode(WatchResponse.create({ events }));
      // The sender may add events to its list later.
      this.#events = [...events];
    }
    return this.#bytes;
  }
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((event, at) => event === other[at]);
}
