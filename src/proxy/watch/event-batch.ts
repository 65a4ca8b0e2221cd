import { assert } from "../../base/index.js";
import {
  type Decoded,
  Event,
  EventType,
  occurrencesOf,
  openedField,
  type ResponseHeader,
  WatchResponse,
} from "../../wire/index.js";

/** The number of the field `events`, the last field of a WatchResponse. */
const eventsField = 11;

/** An event that was received, and its bytes. */
interface ReceivedEvent {
  readonly event: Decoded<Event>;
  readonly bytes: Uint8Array;
}

/** The events that a watcher wants of those of its keys. */
export interface Wanted {
  /** The first revision whose events the watcher has not had. */
  readonly nextRevision: number;
  readonly prevKv: boolean;
  readonly noPut: boolean;
  readonly noDelete: boolean;
}

/** Encoded events as they follow the other fields of a response, in pieces that many watchers share. */
export interface EventBytes {
  readonly length: number;
  readonly pieces: readonly Uint8Array[];
}

/** A response of a member to one watcher, whose events are sent on to many. */
export class EventBatch {
  readonly response: Decoded<WatchResponse>;
  readonly #events: readonly ReceivedEvent[];
  /** The bytes for watchers that want all events, by what else they want. */
  readonly #shared = new Map<string, EventBytes>();

  private constructor(response: Decoded<WatchResponse>, events: readonly ReceivedEvent[]) {
    this.response = response;
    this.#events = events;
  }

  /** @throws WireError when the bytes are malformed */
  static decode(bytes: Uint8Array): EventBatch {
    const response: Decoded<WatchResponse> = WatchResponse.decode(bytes);
    const encoded = response.events.length === 0 ? [] : [...occurrencesOf(eventsField, bytes)];
    assert(encoded.length === response.events.length, "every event has its bytes");
    const events = response.events.map((event, at) => ({ event, bytes: encoded[at] ?? new Uint8Array(0) }));
    return new EventBatch(response, events);
  }

  get header(): ResponseHeader | undefined {
    return this.response.header;
  }

  get empty(): boolean {
    return this.#events.length === 0;
  }

  /** The revision of the last event; 0 without events. */
  get lastRevision(): number {
    return revisionOf(this.#events.at(-1));
  }

  /** The events that a watcher wants; undefined when there are none. */
  eventsFor(wanted: Wanted): EventBytes | undefined {
    const { nextRevision, prevKv, noPut, noDelete } = wanted;
    const all = nextRevision <= revisionOf(this.#events[0]);
    const kind = `${prevKv} ${noPut} ${noDelete}`;
    const shared = all ? this.#shared.get(kind) : undefined;
    if (shared !== undefined) return shared.length === 0 ? undefined : shared;
    const pieces: Uint8Array[] = [];
    for (const received of this.#events) {
      const isDelete = received.event.type === EventType.DELETE;
      if (revisionOf(received) < nextRevision || (isDelete ? noDelete : noPut)) continue;
      const bytes = prevKv ? received.bytes : withoutPrevKv(received);
      pieces.push(openedField(eventsField, bytes.length), bytes);
    }
    const bytes = { pieces, length: pieces.reduce((sum, { length }) => sum + length, 0) };
    if (all) this.#shared.set(kind, bytes);
    return bytes.length === 0 ? undefined : bytes;
  }
}

function revisionOf(received: ReceivedEvent | undefined): number {
  return received?.event.kv?.modRevision ?? 0;
}

function withoutPrevKv({ event, bytes }: ReceivedEvent): Uint8Array {
  return event.prevKv === undefined ? bytes : Event.encode({ ...event, prevKv: undefined });
}
