import { type ResponseHeader, WatchResponse } from "../../wire/index.js";
import { AlikeMessages } from "../grpc/sent-messages.js";
import { EventList, type ListedEvent } from "./event-list.js";

/** How many of the last responses are kept for further streams. A stream with many watchers takes several. */
const keptMax = 8;
/** Watchers with smaller ids share the bytes of these: the server numbers the watchers of each stream from 0. */
const sharedIdsMax = 1_024n;

/** Responses that were made of a list of events. */
interface Kept {
  readonly watchIds: readonly bigint[];
  readonly events: EventList;
  readonly messages: AlikeMessages;
}

/**
 * Makes the responses that tell of events. Very many watchers may be told of the same events, one after the other, so
 * the last lists and responses are kept, and all watchers and streams share them.
 */
export class SharedResponses {
  readonly #kept: (Kept | undefined)[] = [];
  #next = 0;
  /** The last list that begins a response, and the last one that goes on with another list. */
  #lastFirst = new EventList(undefined, []);
  #lastFurther = this.#lastFirst;
  #header: ResponseHeader | undefined;
  #encodedHeader: Uint8Array = new Uint8Array(0);
  readonly #ids: (Uint8Array | undefined)[] = [];

  /**
   * The list of `before` and `events`.
   *
   * @param events must not be changed any more
   */
  listOf(before: EventList | undefined, events: readonly ListedEvent[]): EventList {
    if (before === undefined) {
      if (!this.#lastFirst.is(before, events)) this.#lastFirst = new EventList(before, events);
      return this.#lastFirst;
    }
    if (!this.#lastFurther.is(before, events)) this.#lastFurther = new EventList(before, events);
    return this.#lastFurther;
  }

  /**
   * One response for each watcher. All of them have the same header and events, which must be short.
   *
   * @param watchIds must not be changed any more
   */
  respond(header: ResponseHeader, watchIds: readonly bigint[], events: EventList): AlikeMessages {
    const first = this.#encode(header);
    const kept = this.#kept.find(
      (one) => one?.events === events && one.messages.first === first && isSame(one.watchIds, watchIds),
    );
    if (kept !== undefined) return kept.messages;
    const own = watchIds.map((id) => this.#idBytes(id));
    const messages = new AlikeMessages(first, own, events.encoded());
    this.#kept[this.#next] = { watchIds, events, messages };
    this.#next = (this.#next + 1) % keptMax;
    return messages;
  }

  #encode(header: ResponseHeader): Uint8Array {
    if (this.#header === undefined || !isSameHeader(header, this.#header)) {
      this.#header = header;
      this.#encodedHeader = WatchResponse.encode(WatchResponse.create({ header }));
    }
    return this.#encodedHeader;
  }

  /** The field of a response with the id of its watcher. */
  #idBytes(watchId: bigint): Uint8Array {
    if (watchId < 0n || watchId >= sharedIdsMax) return encodedId(watchId);
    const at = Number(watchId);
    const bytes = this.#ids[at] ?? encodedId(watchId);
    this.#ids[at] = bytes;
    return bytes;
  }
}

function encodedId(watchId: bigint): Uint8Array {
  return WatchResponse.encode(WatchResponse.create({ watchId }));
}

function isSameHeader(one: ResponseHeader, other: ResponseHeader): boolean {
  const { clusterId, memberId, revision, raftTerm } = one;
  return (
    revision === other.revision &&
    raftTerm === other.raftTerm &&
    memberId === other.memberId &&
    clusterId === other.clusterId
  );
}

function isSame(one: readonly bigint[], other: readonly bigint[]): boolean {
  return one === other || (one.length === other.length && one.every((id, at) => id === other[at]));
}
